// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "../../core/utf8.hpp"
#include "../unicode.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

/// Appends a text several times.
inline void append_repeated(std::string& out, std::string_view text, std::size_t times) {
  if (text.size() == 1) {
    out.append(times, text[0]);
  } else {
    for (std::size_t i = 0; i < times; ++i) out += text;
  }
}

// Methods of Python's str on UTF-8. Lengths and positions count code points where the name says so, and bytes elsewhere. Each
// function takes linear time. Source: the documentation of Python 3.

inline bool has_class(char32_t c, CharacterClasses classes) { return (classes_of(c) & classes) != 0; }

/// Calls f(out, offset, code point) for each valid character; copies invalid bytes.
template <class F>
std::string map_characters(std::string_view text, F f) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = utf8_step(text.substr(at));
    if (step.valid) {
      f(out, at, step.code_point);
    } else {
      out += text.substr(at, step.bytes);
    }
    at += step.bytes;
  }
  return out;
}

/// str.isspace() of one character.
bool is_python_space(char32_t c);

/// \w of Python's re for the character at an offset: a letter, a number or _, but no mark, unlike in Unicode's \w.
inline bool is_python_word(std::string_view text, std::size_t at) {
  return character_at(text, at).is(character::letter | character::number) ||
         (at < text.size() && text[at] == '_');
}

/// The number of code points. Each invalid byte counts as one.
std::size_t count_code_points(std::string_view text);

/// The offset of each code point, and the size of the text.
std::vector<std::size_t> code_point_offsets(std::string_view text);

/// An upper bound for the bytes of memory that a search for `needle` takes, besides its result.
inline std::size_t bytes_of_search(std::string_view text, std::string_view needle) {
  return needle.size() <= 16 ? 0 : text.size() + (needle.size() + 1) * (1 + sizeof(std::size_t));
}

/// The offset of the first `needle` at or after `from`; npos if there is none.
std::size_t find_text(std::string_view text, std::string_view needle, std::size_t from = 0);

/// The offset of the last `needle`; npos if there is none.
std::size_t find_last_text(std::string_view text, std::string_view needle);

/// str.count().
std::size_t count_text(std::string_view text, std::string_view needle);

/// str.replace(); at most `most` times.
std::string replace_text(std::string_view text, std::string_view from, std::string_view to,
                         std::size_t most = SIZE_MAX);

enum class Side { left, right, both };

/// str.strip(), lstrip() or rstrip(): without the characters in `characters`, or without white space.
std::string_view strip(std::string_view text, Side side, std::optional<std::string_view> characters = {});

/// str.split() or rsplit() at white space, at most `most` times.
std::vector<std::string_view> split_words(std::string_view text, std::size_t most, bool from_right);

/// str.split() or rsplit() at a separator, which is not empty, at most `most` times.
std::vector<std::string_view> split_text(std::string_view text, std::string_view separator, std::size_t most,
                                         bool from_right);

/// str.splitlines().
std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends = false);

std::string upper(std::string_view text);
std::string lower(std::string_view text);
/// str.casefold(), except for a few letters (dotless i, Cherokee).
std::string casefold(std::string_view text);
std::string capitalize(std::string_view text);
std::string title(std::string_view text);
std::string swap_case(std::string_view text);

/// The value of a decimal digit of any script.
std::optional<int> decimal_digit(char32_t c);

/// str.isalpha() and other methods of this kind, by the name of the method; nothing if there is no such method.
/// Unlike in Python, isnumeric() is false for ideographs such as 一, which are letters.
std::optional<bool> is_of_class(std::string_view text, std::string_view method);

/// Appends the `digits` lowest hexadecimal digits of a number.
void append_hex(std::string& out, char32_t c, std::size_t digits);

/// repr() of a str.
std::string repr_text(std::string_view text);

/// repr() of a float: the shortest digits that are read as the same number.
std::string repr_real(double number);

/// str(int(number)) of a finite number: all digits before the point.
std::string whole_digits(double number);

}  // namespace moe::inline MOE_ABI::detail::jinja

#if MOE_DEFINITIONS
#include "python_case.ipp"
#include "python_text.ipp"
#endif
