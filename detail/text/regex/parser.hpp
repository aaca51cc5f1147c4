// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "tree.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::regex {

/// Reads a regular expression in Oniguruma's syntax for Ruby, the syntax of Hugging Face's tokenizers: literals, classes with
/// ranges, nested classes and intersections, properties, groups, look-ahead, look-behind, atomic groups, alternatives, and
/// greedy, lazy and possessive quantifiers. A capturing group is read as a group without a capture. Back-references,
/// conditionals, calls, look-aheads inside look-behinds and unknown syntax are refused. Source: doc/RE of Oniguruma.
class Parser {
 public:
  /// `name`: the file or the place that holds the pattern, for errors.
  Parser(std::string_view pattern, std::string_view name) : pattern_(pattern), name_(name) {}

  /// Throws an Error that names the place in the pattern.
  Tree read() &&;

 private:
  struct Options {
    bool ignore_case = false, dot_all = false, extended = false;
  };
  struct Bounds {
    std::uint32_t least, most;
  };

  static constexpr std::size_t most_bytes = std::size_t{1} << 14;  // of a pattern
  static constexpr std::size_t most_depth = 100;                   // of groups and classes
  static constexpr std::size_t most_quantifiers = 4;               // of one element
  static constexpr std::size_t most_sets = 256;                    // different sets: each costs a table
  static constexpr std::uint32_t most_repeats = 100000;            // Oniguruma's limit

  Node read_alternatives();
  Node read_sequence();

  /// An element with its quantifiers.
  Node read_quantified();

  Node read_element();

  Node quantify(Node node);
  std::optional<Bounds> take_bounds();
  std::optional<std::uint32_t> take_number();

  Node read_group();
  Node read_special_group();
  Node read_child(Node::Kind kind, bool negated);
  void skip_group_name(char close);
  Node read_option_group();

  Node read_escape();
  std::optional<Assertion> take_assertion();

  /// Reads an escape of a set, such as \s or \P{L}, after the backslash; nothing for another escape.
  std::optional<CharacterSet> take_set_escape(bool in_class);
  CharacterSet read_property(bool negated, bool in_class);

  /// Reads an escape of one character, such as \n, after the backslash.
  char32_t read_character_escape(bool in_class);
  char32_t read_hexadecimal(std::size_t least, std::size_t most);

  /// Reads a class, after the opening bracket.
  CharacterSet read_class();
  CharacterSet read_class_part(bool first);
  std::optional<CharacterSet> take_posix_class();
  std::optional<CharacterSet> take_class_set();
  Range read_range();
  bool ends_class_part() const;
  char32_t read_class_character();
  bool begins_range() const;

  /// A node of one character out of `set`.
  Node set_node(CharacterSet set);
  Node character_node(char32_t c);

  /// \R: a line break; \r\n counts as one line break.
  Node line_break_node();

  bool at_end() const { return at_ == pattern_.size(); }
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0';
  }
  bool take(std::string_view text);
  char32_t read_code_point();
  /// Skips comments `(?#...)`, and what the option x ignores.
  void skip_comments();
  void skip_extended();

  [[noreturn]] void fail_at(std::size_t offset, std::string_view expected, std::string_view found) const;
  [[noreturn]] void fail_here(std::string_view expected) const;

  std::string_view pattern_, name_;
  std::size_t at_ = 0, depth_ = 0;
  Options options_;
  bool in_look_behind_ = false;
  Tree tree_;
  std::map<std::vector<std::pair<char32_t, char32_t>>, std::size_t> set_indices_;
};

}  // namespace moe::inline MOE_ABI::detail::regex

#if MOE_DEFINITIONS
#include "parser.ipp"
#include "parser_classes.ipp"
#endif
