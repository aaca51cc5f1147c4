// What the examples share: arguments described by their own help text, and the exit status.
#pragma once
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// Wrong usage: the message and the help go to stderr, and the program ends with 2.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The arguments of a program. Which options there are stands in its help, where a line begins with `  --name` for a flag
/// or with `  --name VALUE` for an option with a value.
class CommandLine {
 public:
  CommandLine(int argc, char** argv, std::string_view help) {
    for (int i = 1; i < argc; ++i) {
      const std::string word = argv[i];
      if (!word.starts_with("--")) {
        positional_.push_back(word);
      } else if (help.find("\n  " + word + ' ') == help.npos) {
        throw UsageError("unknown option " + word);
      } else if (!takes_value(help, word)) {
        options_[word];
      } else if (i + 1 == argc) {
        throw UsageError(word + " needs a value");
      } else {
        options_[word] = argv[++i];
      }
    }
  }

  bool has(const std::string& option) const { return options_.contains(option); }

  std::string text(const std::string& option, std::string otherwise) const {
    return has(option) ? options_.at(option) : otherwise;
  }

  /// A number that is written whole, and nothing else.
  template <class Number>
  Number number(const std::string& option, Number otherwise) const {
    if (!has(option)) return otherwise;
    return parse<Number>(options_.at(option), option);
  }

  /// Numbers with commas between them.
  template <class Number>
  std::vector<Number> numbers(const std::string& option) const {
    std::vector<Number> out;
    std::string rest = text(option, "");
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      out.push_back(parse<Number>(rest.substr(0, comma), option));
      rest = comma == rest.npos ? "" : rest.substr(comma + 1);
    }
    return out;
  }

  /// The arguments that are no options. Throws unless there are at least `least` and at most `most`.
  const std::vector<std::string>& positional(std::size_t least, std::size_t most) const {
    if (positional_.size() < least) throw UsageError("too few arguments");
    if (positional_.size() > most) throw UsageError("too many arguments: " + positional_[most]);
    return positional_;
  }

 private:
  static bool takes_value(std::string_view help, const std::string& option) {
    const char after = help[help.find("\n  " + option + ' ') + 3 + option.size() + 1];
    return after >= 'A' && after <= 'Z';
  }

  template <class Number>
  static Number parse(const std::string& text, const std::string& option) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
      throw UsageError(option + " needs a number, not '" + text + "'");
    return value;
  }

  std::vector<std::string> positional_;
  std::map<std::string, std::string> options_;
};

/// Runs an example: prints its help if asked for, and turns exceptions into one message and an exit status: 1 for what
/// failed, 2 for wrong usage.
template <class Main>
int run_example(int argc, char** argv, std::string_view help, Main main) try {
  for (int i = 1; i < argc; ++i)
    if (std::string_view(argv[i]) == "--help") {
      std::cout << help;
      return 0;
    }
  main(CommandLine(argc, argv, help));
  return 0;
} catch (const UsageError& error) {
  std::cerr << error.what() << "\n\n" << help;
  return 2;
} catch (const std::exception& error) {
  std::cerr << "error: " << error.what() << '\n';
  return 1;
}
