// SPDX-License-Identifier: MIT
// Arguments that are described by the help text of the program, and the exit status.
#pragma once
#include "detail/core/decimal.hpp"
#include "nearest.hpp"
#include "next_step.hpp"
#include "utf8_console.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <limits>
#include <map>
#include <new>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// Wrong usage: the message and the lines of usage_after() are printed to stderr, and the exit status is 2.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The arguments of a program. The help text declares the options: a line that begins with `  --name` is a flag, a line that
/// begins with `  --name VALUE` is an option with a value. Names of one letter have one dash. `--` ends the options.
class CommandLine {
 public:
  CommandLine(const std::vector<std::string>& words, std::string_view help) : names_(names_of(help)) {
    bool options = true;  // until --
    for (std::size_t i = 1; i < words.size(); ++i) {
      const std::string& word = words[i];
      const bool is_option = word.starts_with("--") || (word.size() == 2 && word[0] == '-');
      if (options && word == "--") {
        options = false;
      } else if (!options || !is_option) {
        positional_.push_back(word);
      } else if (help.find("\n  " + word + ' ') == help.npos) {
        throw UsageError("unknown option " + word + meant(help, word));
      } else if (!takes_value(help, word)) {
        options_[word];
      } else if (i + 1 == words.size()) {
        throw UsageError(word + " needs a value");
      } else {
        options_[word].push_back(words[++i]);
      }
    }
  }

  /// The arguments that are not options. Throws unless there are at least `least` and at most `most`: the message has the name
  /// of the first missing argument, or the first argument that is too many.
  const std::vector<std::string>& positional(std::size_t least, std::size_t most) const {
    if (const std::size_t found = positional_.size(); found < least)
      throw UsageError((found < names_.size() ? names_[found] : "an argument") + " is missing");
    if (positional_.size() > most) throw UsageError("unexpected argument: " + positional_[most]);
    return positional_;
  }

  /// The argument that names the model: it stands where the usage has the word MODEL, SOURCE or PATH. Empty if there is none.
  std::string model(std::string_view help) const {
    const std::vector<std::string> names = names_of(help);
    for (std::size_t i = 0; i < names.size() && i < positional_.size(); ++i)
      if (names[i] == "MODEL" || names[i] == "SOURCE" || names[i] == "PATH") return positional_[i];
    return "";
  }

  bool has(const std::string& option) const { return options_.contains(option); }

  /// The value of an option; the last one if it was given several times.
  std::string text(const std::string& option, std::string otherwise) const {
    return has(option) ? options_.at(option).back() : otherwise;
  }

  /// All values of an option that may be given several times.
  std::vector<std::string> texts(const std::string& option) const {
    return has(option) ? options_.at(option) : std::vector<std::string>();
  }

  /// A finite number from `least` to `most`.
  template <class Number>
  Number number(const std::string& option, Number otherwise,
                Number least = std::numeric_limits<Number>::lowest(),
                Number most = std::numeric_limits<Number>::max()) const {
    return has(option) ? parse<Number>(options_.at(option).back(), option, least, most) : otherwise;
  }

  /// A count of things that are kept in memory, such as tokens or positions.
  std::size_t count(const std::string& option, std::size_t otherwise, std::size_t least = 0) const {
    return number<std::size_t>(option, otherwise, least, std::size_t{1} << 30);
  }

  /// A size in bytes, such as 512MiB, 1.5GiB or 1000000; above 0.
  std::size_t bytes(const std::string& option, std::size_t otherwise) const {
    return has(option) ? parse_bytes(options_.at(option).back(), option) : otherwise;
  }

  /// Sizes in bytes, separated by commas.
  std::vector<std::size_t> sizes(const std::string& option) const {
    std::vector<std::size_t> out;
    for (const std::string& part : parts(option)) out.push_back(parse_bytes(part, option));
    return out;
  }

  /// Numbers separated by commas.
  template <class Number>
  std::vector<Number> numbers(const std::string& option,
                              Number most = std::numeric_limits<Number>::max()) const {
    std::vector<Number> out;
    for (const std::string& part : parts(option))
      out.push_back(parse<Number>(part, option, std::numeric_limits<Number>::lowest(), most));
    return out;
  }

  /// The number that `text` is. Throws if `text` is no number, or one that is not from `least` to `most`.
  template <class Number>
  static Number parse(const std::string& text, const std::string& option, Number least, Number most) {
    const std::optional<Number> value = number_of<Number>(text);
    if (value && *value >= least && *value <= most) return *value;
    std::string expected = std::is_integral_v<Number> ? "a whole number" : "a number";
    const bool bounded = most != std::numeric_limits<Number>::max();
    if (bounded || least != std::numeric_limits<Number>::lowest() || std::is_unsigned_v<Number>)
      expected += " from " + text_of(least) + (bounded ? " to " + text_of(most) : " on");
    throw UsageError(option + " needs " + expected + ", not '" + text + "'");
  }

  /// The number that `text` is, if it is one.
  template <class Number>
  static std::optional<Number> number_of(const std::string& text) {
    if constexpr (std::is_floating_point_v<Number>) {  // libc++ before 20 has no std::from_chars for them
      if (!moe::detail::is_decimal(text.substr(text.starts_with('-')))) return {};
      const std::optional<double> value = moe::detail::parse_double(text);
      return value ? std::optional(static_cast<Number>(*value)) : std::nullopt;
    } else {
      Number value{};
      const char* const last = text.data() + text.size();
      const auto [end, error] = std::from_chars(text.data(), last, value);
      return error == std::errc() && end == last ? std::optional(value) : std::nullopt;
    }
  }

  /// The lines of the help that explain an option; empty if the help does not have it.
  static std::string help_on(std::string_view help, const std::string& option) {
    const std::size_t begin = help.find("\n  " + option + ' ');
    if (begin == help.npos) return "";
    std::size_t end = help.find('\n', begin + 1);
    while (help.substr(end, 5) == "\n    ") end = help.find('\n', end + 1);
    return std::string(help.substr(begin + 1, end - begin));
  }

 private:
  /// The names of the arguments that are not options, from the first line of the usage. There, a name that may be repeated ends
  /// in `...`.
  static std::vector<std::string> names_of(std::string_view help) {
    std::istringstream usage{std::string(help.substr(0, help.find('\n')))};
    std::vector<std::string> names;
    std::string word;
    usage >> word >> word;  // `usage:` and the name of the program
    while (usage >> word && word[0] >= 'A' && word[0] <= 'Z')
      names.push_back(word.substr(0, word.find("...")));
    return names;
  }

  /// Ends the message of an unknown option: the option with the most similar name.
  static std::string meant(std::string_view help, const std::string& word) {
    std::vector<std::string> options{"--help"};
    for (std::size_t at = help.find("\n  -"); at != help.npos; at = help.find("\n  -", at + 1))
      options.emplace_back(help.substr(at + 3, help.find_first_of(" \n", at + 3) - at - 3));
    const std::size_t equals = word.find('=');
    const std::string option = nearest(std::string_view(word).substr(0, equals), options);
    if (option.empty()) return "";
    return "; did you mean " + option + (equals == word.npos ? "" : ' ' + word.substr(equals + 1)) + '?';
  }

  static bool takes_value(std::string_view help, const std::string& option) {
    const char after = help[help.find("\n  " + option + ' ') + 3 + option.size() + 1];
    return after >= 'A' && after <= 'Z';
  }

  template <class Number>
  static std::string text_of(Number number) {
    char digits[32];
    return std::string(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  }

  /// Computed with integers, so that every size is exact. A fraction of a byte is cut off.
  static std::size_t parse_bytes(const std::string& text, const std::string& option) {
    const auto [digits, unit] = split_unit(text);
    const std::size_t point = digits.find('.');
    const std::string_view whole = digits.substr(0, point),
                           fraction = point == digits.npos ? "" : digits.substr(point + 1);
    const bool has_digits = point == digits.npos ? !whole.empty() : !fraction.empty() && unit > 1;
    if (!has_digits || !is_digits(whole) || !is_digits(fraction))
      throw UsageError(option + " needs a size such as 512MiB, 1.5GiB or a number of bytes, not '" + text +
                       "'");
    std::uint64_t count = 0, part = 0;
    const std::errc error = std::from_chars(whole.data(), whole.data() + whole.size(), count).ec;
    for (std::size_t i = fraction.size(); i-- > 0;)  // Horner's scheme: floor of unit * 0.fraction
      part = (static_cast<std::uint64_t>(fraction[i] - '0') * unit + part) / 10;
    if (error == std::errc::result_out_of_range || count > (SIZE_MAX - part) / unit)
      throw UsageError(option + " needs a size of at most " + std::to_string(SIZE_MAX) + " bytes, not " +
                       text);
    if (count * unit + part == 0) throw UsageError(option + " needs a size of at least 1 byte, not " + text);
    return static_cast<std::size_t>(count * unit + part);
  }

  static bool is_digits(std::string_view text) { return text.find_first_not_of("0123456789") == text.npos; }

  struct SizeText {
    std::string_view digits;
    std::uint64_t unit;
  };
  static SizeText split_unit(std::string_view text) {
    constexpr std::pair<std::string_view, int> units[] = {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
    for (const auto& [name, shift] : units)
      if (text.ends_with(name)) return {text.substr(0, text.size() - name.size()), std::uint64_t{1} << shift};
    return {text, 1};
  }

  std::vector<std::string> parts(const std::string& option) const {
    std::vector<std::string> out;
    if (!has(option)) return out;
    const std::string all = text(option, "");
    std::size_t begin = 0;
    for (std::size_t comma = 0; comma != all.npos; begin = comma + 1) {
      comma = all.find(',', begin);
      out.push_back(all.substr(begin, comma - begin));
    }
    return out;
  }

  std::vector<std::string> names_, positional_;
  std::map<std::string, std::vector<std::string>> options_;  // the values of each option in the order given
};

/// The lines after a message of wrong usage: the help on the option that the message begins with, the usage, and the command
/// that prints the whole help.
inline std::string usage_after(const std::string& message, std::string_view help,
                               const std::string& program) {
  const std::string option = message.substr(0, message.find(' '));
  std::string usage;
  for (std::size_t end = 0;
       help.substr(end).starts_with("usage: ") || help.substr(end).starts_with("       ");) {
    const std::size_t begin = end;
    end = help.find('\n', begin) + 1;
    usage += help.substr(begin, end - begin);
  }
  return CommandLine::help_on(help, option) + usage +
         step("All options:", FailedCommand::joined({program, "--help"}));
}

/// The lines after the message of any other error: what the user can type next.
inline std::string steps_after(const std::string& message, const std::vector<std::string>& words,
                               std::string_view help) {
  std::string model;
  try {
    model = CommandLine(words, help).model(help);
  } catch (const UsageError&) {  // with --help, all other arguments may be wrong
  }
  return next_steps(FailedCommand(words, std::string(help), model), message);
}

/// Runs an example. Prints the help if --help or -h is an argument. Exceptions become one message on stderr, which is followed
/// by what can be typed next, and the exit status: 2 for wrong usage, 1 for all other failures.
template <class Main>
int run_example(int argc, char** argv, std::string_view help, Main main) {
  const Utf8Console console;
  const std::vector<std::string> words = utf8_arguments(argc, argv);
  const auto failed = [&](const std::string& message) {
    std::cout.flush();
    std::cerr << "error: " << message << '\n' << steps_after(message, words, help);
    return 1;
  };
  try {
    bool needs_help = false;
    for (std::size_t i = 1; i < words.size() && words[i] != "--"; ++i)
      needs_help = needs_help || words[i] == "--help" || words[i] == "-h";
    if (needs_help) {
      std::cout << help;
    } else {
      main(CommandLine(words, help));
    }
    if (!std::cout.flush() || std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      throw std::runtime_error("standard output: expected to write, and could not");
    return 0;
  } catch (const UsageError& error) {
    std::cerr << error.what() << "\n\n" << usage_after(error.what(), help, words[0]);
    return 2;
  } catch (const std::bad_alloc&) {
    return failed("not enough memory");
  } catch (const std::filesystem::filesystem_error& error) {
    return failed(utf8_of(error.path1()) + ": " + error.code().message());
  } catch (const std::exception& error) {
    return failed(error.what());
  }
}
