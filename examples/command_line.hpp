// What the examples share: arguments described by their own help text, and the exit status.
#pragma once
#include <charconv>
#include <cmath>
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
/// or with `  --name VALUE` for an option with a value; names of one letter have one dash.
class CommandLine {
 public:
  CommandLine(int argc, char** argv, std::string_view help) {
    bool options = true;  // until --
    for (int i = 1; i < argc; ++i) {
      const std::string word = argv[i];
      const bool is_option = word.starts_with("--") || (word.size() == 2 && word[0] == '-');
      if (options && word == "--") {
        options = false;
      } else if (!options || !is_option) {
        positional_.push_back(word);
      } else if (help.find("\n  " + word + ' ') == help.npos) {
        throw UsageError("unknown option " + word);
      } else if (!takes_value(help, word)) {
        options_[word];
      } else if (i + 1 == argc) {
        throw UsageError(word + " needs a value");
      } else {
        options_[word].push_back(argv[++i]);
      }
    }
  }

  bool has(const std::string& option) const { return options_.contains(option); }

  std::string text(const std::string& option, std::string otherwise) const {
    return has(option) ? options_.at(option).back() : otherwise;
  }

  /// All values of an option that may be given several times.
  std::vector<std::string> texts(const std::string& option) const {
    return has(option) ? options_.at(option) : std::vector<std::string>();
  }

  /// A number that is written whole, and nothing else.
  template <class Number>
  Number number(const std::string& option, Number otherwise) const {
    if (!has(option)) return otherwise;
    return parse<Number>(options_.at(option).back(), option);
  }

  /// A size: 512MiB, 1.5GiB, or a number of bytes.
  std::size_t bytes(const std::string& option, std::size_t otherwise) const {
    return has(option) ? parse_bytes(options_.at(option).back(), option) : otherwise;
  }

  /// Sizes with commas between them.
  std::vector<std::size_t> sizes(const std::string& option) const {
    std::vector<std::size_t> out;
    for_each_part(option, [&](const std::string& part) { out.push_back(parse_bytes(part, option)); });
    return out;
  }

  /// Numbers with commas between them.
  template <class Number>
  std::vector<Number> numbers(const std::string& option) const {
    std::vector<Number> out;
    for_each_part(option, [&](const std::string& part) { out.push_back(parse<Number>(part, option)); });
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

  static std::size_t parse_bytes(const std::string& text, const std::string& option) {
    const std::pair<std::string_view, int> units[] = {
        {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}, {"", 0}};
    for (const auto& [unit, shift] : units) {
      if (!text.ends_with(unit)) continue;
      double number = -1;
      const char* const last = text.data() + text.size() - unit.size();
      const auto [end, error] = std::from_chars(text.data(), last, number);
      const double bytes = std::ldexp(number, shift);
      if (error != std::errc() || end != last || !(bytes >= 0) ||
          (unit.empty() && std::floor(bytes) != bytes))
        throw UsageError(option + " needs a size such as 512MiB, 1.5GiB or a number of bytes, not '" + text +
                         "'");
      if (bytes >= static_cast<double>(SIZE_MAX)) throw UsageError(option + " is too large: " + text);
      return static_cast<std::size_t>(bytes);
    }
    return 0;
  }

  template <class Each>
  void for_each_part(const std::string& option, Each each) const {
    std::string rest = text(option, "");
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      each(rest.substr(0, comma));
      rest = comma == rest.npos ? "" : rest.substr(comma + 1);
    }
  }

  std::vector<std::string> positional_;
  std::map<std::string, std::vector<std::string>>
      options_;  // of one given several times, the last value counts
};

/// Runs an example: prints its help if asked for, and turns exceptions into one message and an exit status: 1 for what
/// failed, 2 for wrong usage.
template <class Main>
int run_example(int argc, char** argv, std::string_view help, Main main) try {
  bool asked = false;
  for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i)
    asked = asked || std::string_view(argv[i]) == "--help" || std::string_view(argv[i]) == "-h";
  if (asked) {
    std::cout << help;
  } else {
    main(CommandLine(argc, argv, help));
  }
  if (!std::cout.flush() || std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    throw std::runtime_error("standard output: expected to write, and could not");
  return 0;
} catch (const UsageError& error) {
  std::cerr << error.what() << "\n\n" << help;
  return 2;
} catch (const std::exception& error) {
  std::cerr << "error: " << error.what() << '\n';
  return 1;
}
