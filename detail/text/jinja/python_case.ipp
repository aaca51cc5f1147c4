// SPDX-License-Identifier: MIT
#pragma once
#include "python_text.hpp"
#include "../../core/utf8.hpp"
#include "../case_tables.hpp"
#include "../table_reader.hpp"
#include "../unicode.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

/// A case mapping of characters, read from a table of case_tables.hpp.
class CaseMapping {
 public:
  explicit CaseMapping(std::string_view table) {
    for (TableReader in(table); !in.done(); in.take(' ')) {
      Range range{};
      range.first = range.last = in.number();
      if (in.take('-')) range.last = in.number();
      range.step = in.take('/') ? in.number() : 1;
      in.take('=');
      do {
        range.target[range.size++] = in.number();
      } while (in.take('.'));
      ranges_.push_back(range);
    }
  }

  /// Appends the mapping of a character; false if the table does not have the character.
  bool append(std::string& out, char32_t c) const {
    const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), c,
                                        [](char32_t wanted, const Range& r) { return wanted < r.first; });
    if (after == ranges_.begin()) return false;
    const Range& range = *(after - 1);
    if (c > range.last || (c - range.first) % range.step != 0) return false;
    append_utf8(out, range.target[0] + (c - range.first));
    for (std::size_t i = 1; i < range.size; ++i) append_utf8(out, range.target[i]);
    return true;
  }

 private:
  struct Range {
    char32_t first, last, step;
    char32_t target[3];
    std::size_t size;
  };
  std::vector<Range> ranges_;
};

inline const CaseMapping& upper_mapping() {
  static const CaseMapping mapping(upper_case);
  return mapping;
}
inline const CaseMapping& lower_mapping() {
  static const CaseMapping mapping(lower_case);
  return mapping;
}
inline const CaseMapping& title_mapping() {
  static const CaseMapping mapping(title_case);
  return mapping;
}

inline void append_upper(std::string& out, char32_t c) {
  if (!upper_mapping().append(out, c)) append_utf8(out, c);
}
inline void append_title(std::string& out, char32_t c) {
  if (!title_mapping().append(out, c)) append_upper(out, c);
}

inline bool is_cased(char32_t c) { return (classes_of(c) & (character::upper | character::lower)) != 0; }

/// Whether c is a letter in title case, such as ǅ, which Python counts neither as upper nor as lower case. In the tables, such
/// a letter is an upper-case letter that has an upper case.
inline bool is_title_case(char32_t c) {
  std::string upper_case_of_c;
  return has_class(c, character::upper) && upper_mapping().append(upper_case_of_c, c);
}

/// Σ becomes ς at the end of a word: after a letter with a case, and not before such a letter. Python skips marks and signs
/// such as `.` before it looks for these letters; this function does not.
inline bool is_final_sigma(std::string_view text, std::size_t at) {
  if (at == 0 || !last_character(text.substr(0, at)).is(character::upper | character::lower)) return false;
  return !character_at(text, at + 2).is(character::upper | character::lower);
}

inline void append_lower(std::string& out, std::string_view text, std::size_t at, char32_t c) {
  if (c == 0x3a3) return append_utf8(out, is_final_sigma(text, at) ? 0x3c2 : 0x3c3);
  if (!lower_mapping().append(out, c)) append_utf8(out, c);
}

MOE_INLINE std::string upper(std::string_view text) {
  return map_characters(text, [](std::string& out, std::size_t, char32_t c) { append_upper(out, c); });
}

MOE_INLINE std::string lower(std::string_view text) {
  return map_characters(
      text, [&](std::string& out, std::size_t at, char32_t c) { append_lower(out, text, at, c); });
}

MOE_INLINE std::string casefold(std::string_view text) {
  return map_characters(upper(text), [](std::string& out, std::size_t, char32_t c) {
    if (!lower_mapping().append(out, c)) append_utf8(out, c);
  });
}

MOE_INLINE std::string capitalize(std::string_view text) {
  return map_characters(text, [&](std::string& out, std::size_t at, char32_t c) {
    at == 0 ? append_title(out, c) : append_lower(out, text, at, c);
  });
}

MOE_INLINE std::string title(std::string_view text) {
  bool in_word = false;
  return map_characters(text, [&](std::string& out, std::size_t at, char32_t c) {
    in_word ? append_lower(out, text, at, c) : append_title(out, c);
    in_word = is_cased(c);
  });
}

MOE_INLINE std::string swap_case(std::string_view text) {
  return map_characters(text, [&](std::string& out, std::size_t at, char32_t c) {
    if (!is_cased(c)) {  // Ⅷ and Ⓐ are no letters, but have case mappings
      if (!lower_mapping().append(out, c)) append_upper(out, c);
    } else if (!has_class(c, character::upper)) {
      append_upper(out, c);
    } else if (is_title_case(c)) {
      append_utf8(out, c);
    } else {
      append_lower(out, text, at, c);
    }
  });
}

/// Whether the text is not empty and f holds for all characters.
template <class F>
bool all_characters(std::string_view text, F f) {
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = utf8_step(text.substr(at));
    if (!step.valid || !f(step.code_point)) return false;
    at += step.bytes;
  }
  return !text.empty();
}

/// The code points of a table of ranges, sorted.
inline std::vector<char32_t> code_points_in(std::string_view ranges) {
  std::vector<char32_t> out;
  for_each_in_ranges(ranges, [&](char32_t c) { out.push_back(c); });
  return out;
}

MOE_INLINE std::optional<int> decimal_digit(char32_t c) {
  static const std::vector<char32_t> decimals = code_points_in(decimal_ranges);
  const auto found = std::lower_bound(decimals.begin(), decimals.end(), c);
  if (found == decimals.end() || *found != c) return {};
  // The digits of each script are ten code points in order, from 0 on.
  return static_cast<int>((found - decimals.begin()) % 10);
}

inline bool is_decimal(char32_t c) { return decimal_digit(c).has_value(); }

inline bool is_other_digit(char32_t c) {
  static const std::vector<char32_t> digits = code_points_in(other_digit_ranges);
  return std::binary_search(digits.begin(), digits.end(), c);
}

/// str.isupper() if `wanted` is upper, str.islower() if it is lower.
inline bool is_of_case(std::string_view text, CharacterClasses wanted, CharacterClasses other) {
  bool found = false;
  const bool all = all_characters(text, [&](char32_t c) {
    found = found || has_class(c, wanted);
    return !has_class(c, other) && !is_title_case(c);
  });
  return all && found;
}

inline bool is_title(std::string_view text) {
  bool in_word = false, found = false;
  const bool all = all_characters(text, [&](char32_t c) {
    const bool before = in_word, is_upper = has_class(c, character::upper);
    in_word = is_cased(c);
    found = found || in_word;
    return !in_word || is_upper != before;
  });
  return all && found;
}

MOE_INLINE std::optional<bool> is_of_class(std::string_view text, std::string_view method) {
  using namespace character;
  const auto all = [&](CharacterClasses classes) {
    return all_characters(text, [=](char32_t c) { return has_class(c, classes); });
  };
  if (method == "isalpha") return all(letter);
  if (method == "isalnum") return all(letter | number);
  if (method == "isnumeric") return all(number);
  if (method == "isdecimal" || method == "isdigit") {
    const bool decimal = method == "isdecimal";
    return all_characters(text, [&](char32_t c) { return is_decimal(c) || (!decimal && is_other_digit(c)); });
  }
  if (method == "isspace") return all_characters(text, is_python_space);
  if (method == "isascii") return ascii_prefix(text) == text.size();
  if (method == "isupper") return is_of_case(text, character::upper, character::lower);
  if (method == "islower") return is_of_case(text, character::lower, character::upper);
  if (method == "istitle") return is_title(text);
  if (method == "isidentifier")
    return all(word) && (text.starts_with('_') || has_class(utf8_step(text).code_point, letter));
  if (method == "isprintable")
    return text.empty() || all_characters(text, [](char32_t c) {
             return c == ' ' || has_class(c, letter | number | mark | symbol);
           });
  return {};
}

}  // namespace moe::inline MOE_ABI::detail::jinja
