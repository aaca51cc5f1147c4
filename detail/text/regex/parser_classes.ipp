// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/concat.hpp"
#include "../../core/utf8.hpp"
#include "parser.hpp"
#include "properties.hpp"

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::regex {

MOE_INLINE std::optional<CharacterSet> Parser::take_set_escape(bool in_class) {
  const char letter = peek();
  const auto with = [&](const CharacterSet& set, bool negated) {
    ++at_;
    return negated ? set.complement() : set;
  };
  switch (letter) {
    case 's':
    case 'S': return with(white_spaces(), letter == 'S');
    case 'd':
    case 'D': return with(decimal_digits(), letter == 'D');
    case 'w':
    case 'W': return with(word_characters(in_class), letter == 'W');
    case 'h':
    case 'H': return with(hexadecimal_digits(), letter == 'H');
    case 'p':
    case 'P': ++at_; return read_property(letter == 'P', in_class);
    default: return {};
  }
}

MOE_INLINE CharacterSet Parser::read_property(bool negated, bool in_class) {
  if (!take("{")) fail_here("`{` and the name of a property");
  const std::size_t begin = at_;
  if (take("^")) negated = !negated;
  const std::size_t close = pattern_.find('}', at_);
  if (close == pattern_.npos) fail_here("`}` after the name of a property");
  const std::string_view name = pattern_.substr(at_, close - at_);
  const std::optional<CharacterSet> set = find_property(name, in_class);
  if (!set)
    fail_at(begin, "a general category, a script or a POSIX class that is supported", concat('"', name, '"'));
  at_ = close + 1;
  return negated ? set->complement() : *set;
}

MOE_INLINE char32_t Parser::read_character_escape(bool in_class) {
  const std::size_t begin = at_;
  if (at_end()) fail_here("a character after `\\`");
  const char32_t c = read_code_point();
  switch (c) {
    case 't': return '\t';
    case 'n': return '\n';
    case 'r': return '\r';
    case 'f': return '\f';
    case 'v': return '\v';
    case 'a': return '\a';
    case 'e': return 0x1b;
    case 'x': return read_hexadecimal(1, 2);
    case 'u': return read_hexadecimal(4, 4);
    case '0': return 0;
    default: break;
  }
  if (in_class && c == 'b') return '\b';
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '1' && c <= '9');
  if (letter) fail_at(begin, "an escape that is supported", concat("`\\", static_cast<char>(c), '`'));
  return c;
}

/// `least` to `most` hexadecimal digits; after `\x` also 1 to 8 digits in braces.
MOE_INLINE char32_t Parser::read_hexadecimal(std::size_t least, std::size_t most) {
  const std::size_t begin = at_;
  const bool braces = least == 1 && take("{");
  if (braces) most = 8;
  char32_t value = 0;
  std::size_t digits = 0;
  for (; digits < most && hexadecimal_digits().contains(static_cast<unsigned char>(peek()));
       ++digits, ++at_) {
    const auto digit = static_cast<char32_t>(static_cast<unsigned char>(peek()) | 0x20);
    value = 16 * value + (digit >= 'a' ? digit - 'a' + 10 : digit & 0xf);
  }
  if (digits < least || (braces && !take("}"))) fail_here("hexadecimal digits");
  if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
    fail_at(begin, "the code point of a character", pattern_.substr(begin, at_ - begin));
  return value;
}

MOE_INLINE CharacterSet Parser::read_class() {
  if (++depth_ > most_depth)
    fail_at(at_, concat("at most ", most_depth, " nested groups and classes"), concat(depth_));
  const bool negated = take("^");
  CharacterSet set = read_class_part(true);
  while (take("&&")) set = set.intersection(read_class_part(false));
  if (!take("]")) fail_here("`]`");
  --depth_;
  return negated ? set.complement() : set;
}

MOE_INLINE bool Parser::ends_class_part() const {
  return at_end() || peek() == ']' || pattern_.substr(at_).starts_with("&&");
}

/// The union of all items before `&&` or the closing bracket. `first`: a `]` before all items is a literal.
MOE_INLINE CharacterSet Parser::read_class_part(bool first) {
  std::vector<Range> ranges;
  const auto add = [&](const CharacterSet& set) {
    ranges.insert(ranges.end(), set.ranges().begin(), set.ranges().end());
  };
  if (first && take("]")) ranges.push_back({']', ']'});
  while (!ends_class_part()) {
    if (const std::optional<CharacterSet> posix = take_posix_class()) {
      add(*posix);
    } else if (take("[")) {
      add(read_class());
    } else if (const std::optional<CharacterSet> set = take_class_set()) {
      add(*set);
    } else {
      ranges.push_back(read_range());
    }
  }
  CharacterSet set(std::move(ranges));
  return options_.ignore_case ? set.case_closure() : set;
}

MOE_INLINE std::optional<CharacterSet> Parser::take_class_set() {
  if (!take("\\")) return {};
  std::optional<CharacterSet> set = take_set_escape(true);
  if (!set) --at_;
  return set;
}

MOE_INLINE Range Parser::read_range() {
  const std::size_t begin = at_;
  const char32_t low = read_class_character();
  if (!begins_range()) return {low, low};
  ++at_;
  const char32_t high = read_class_character();
  if (high < low)
    fail_at(begin, "a range from a lower to a higher character", pattern_.substr(begin, at_ - begin));
  return {low, high};
}

/// Whether a hyphen comes next and forms a range. A hyphen before the end of the class part or before a class or an escape of a
/// set is a literal.
MOE_INLINE bool Parser::begins_range() const {
  if (peek() != '-' || peek(1) == ']' || peek(1) == '[' || at_ + 1 == pattern_.size()) return false;
  const bool set = peek(1) == '\\' && std::string_view("sSdDwWhHpP").find(peek(2)) != std::string_view::npos;
  return !set && !pattern_.substr(at_ + 1).starts_with("&&");
}

MOE_INLINE char32_t Parser::read_class_character() {
  if (at_end()) fail_here("`]`");
  if (take("\\")) return read_character_escape(true);
  return read_code_point();
}

MOE_INLINE std::optional<CharacterSet> Parser::take_posix_class() {
  const std::string_view rest = pattern_.substr(at_);
  if (!rest.starts_with("[:")) return {};
  const std::size_t close = rest.find(":]");
  if (close == rest.npos) return {};
  std::string_view name = rest.substr(2, close - 2);
  const bool negated = name.starts_with('^');
  if (negated) name.remove_prefix(1);
  for (const char c : name)
    if (c < 'a' || c > 'z') return {};
  std::optional<CharacterSet> set = find_posix_class(name);
  if (!set) fail_at(at_, "a POSIX class", concat('"', name, '"'));
  at_ += close + 2;
  return negated ? set->complement() : *set;
}

}  // namespace moe::inline MOE_ABI::detail::regex
