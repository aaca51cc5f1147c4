// SPDX-License-Identifier: MIT
#pragma once
#include "python_text.hpp"
#include "../../core/utf8.hpp"
#include "../unicode.hpp"

#include <algorithm>
#include <bitset>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

MOE_INLINE bool is_python_space(char32_t c) {
  return (c >= 0x1c && c <= 0x1f) || (classes_of(c) & character::space) != 0;
}

MOE_INLINE std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    const std::size_t ascii = ascii_prefix(text.substr(at));
    count += ascii;
    at += ascii;
    if (at == text.size()) break;
    at += utf8_step(text.substr(at)).bytes;
  }
  return count;
}

MOE_INLINE std::vector<std::size_t> code_point_offsets(std::string_view text) {
  std::vector<std::size_t> offsets;
  offsets.reserve(count_code_points(text) + 1);
  for (std::size_t at = 0; at < text.size(); at += utf8_step(text.substr(at)).bytes) offsets.push_back(at);
  offsets.push_back(text.size());
  return offsets;
}

// ---- Search

/// Knuth-Morris-Pratt, for needles on which a simple search may be quadratic.
inline std::size_t find_long(std::string_view text, std::string_view needle, std::size_t from) {
  // For each prefix of the needle: the size of the longest shorter prefix that is also a suffix of this prefix.
  std::vector<std::size_t> border(needle.size() + 1, 0);
  for (std::size_t i = 1, length = 0; i < needle.size(); border[++i] = length) {
    while (length > 0 && needle[i] != needle[length]) length = border[length];
    length += needle[i] == needle[length];
  }
  std::size_t matched = 0;
  for (std::size_t i = from; i < text.size(); ++i) {
    while (matched > 0 && text[i] != needle[matched]) matched = border[matched];
    matched += text[i] == needle[matched];
    if (matched == needle.size()) return i + 1 - matched;
  }
  return text.npos;
}

MOE_INLINE std::size_t find_text(std::string_view text, std::string_view needle, std::size_t from) {
  return needle.size() <= 16 ? text.find(needle, from) : find_long(text, needle, from);
}

MOE_INLINE std::size_t find_last_text(std::string_view text, std::string_view needle) {
  if (needle.size() <= 16) return text.rfind(needle);
  const std::string reversed_text(text.rbegin(), text.rend()), reversed(needle.rbegin(), needle.rend());
  const std::size_t found = find_long(reversed_text, reversed, 0);
  return found == text.npos ? found : text.size() - found - needle.size();
}

MOE_INLINE std::size_t count_text(std::string_view text, std::string_view needle) {
  if (needle.empty()) return count_code_points(text) + 1;
  std::size_t count = 0;
  for (std::size_t at = 0; (at = find_text(text, needle, at)) != text.npos; at += needle.size()) ++count;
  return count;
}

MOE_INLINE std::string replace_text(std::string_view text, std::string_view from, std::string_view to,
                                    std::size_t most) {
  std::string out;
  if (!from.empty()) {
    for (const std::string_view part : split_text(text, from, most, false)) {
      if (part.data() != text.data()) out += to;
      out += part;
    }
    return out;
  }
  // An empty text is found before every character and at the end.
  const std::vector<std::size_t> offsets = code_point_offsets(text);
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    if (i < most) out += to;
    if (i + 1 < offsets.size()) out += text.substr(offsets[i], offsets[i + 1] - offsets[i]);
  }
  return out;
}

// ---- Strip and split

/// The characters of a text. An invalid byte is a character of its own.
class CharacterTable {
 public:
  explicit CharacterTable(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      const std::string_view c = text.substr(at, utf8_step(text.substr(at)).bytes);
      const std::size_t number = number_of(c);
      if (number < ascii_.size()) {
        ascii_.set(number);
      } else {
        others_.insert(number);
      }
      at += c.size();
    }
  }

  /// `c`: the bytes of one character.
  bool contains(std::string_view c) const {
    const std::size_t number = number_of(c);
    return number < ascii_.size() ? ascii_[number] : others_.contains(number);
  }

 private:
  /// The code point, or a number above all code points for each invalid byte.
  static std::size_t number_of(std::string_view c) {
    const Utf8Step step = utf8_step(c);
    return step.valid ? step.code_point : 0x110000 + std::size_t{static_cast<unsigned char>(c[0])};
  }

  std::bitset<128> ascii_;
  std::unordered_set<std::size_t> others_;
};

MOE_INLINE std::string_view strip(std::string_view text, Side side,
                                  std::optional<std::string_view> characters) {
  const CharacterTable dropped(characters.value_or(std::string_view()));
  const auto drops = [&](std::string_view c) {
    return characters ? dropped.contains(c) : is_python_space(utf8_step(c).code_point);
  };
  while (side != Side::right && !text.empty()) {
    const std::size_t size = utf8_step(text).bytes;
    if (!drops(text.substr(0, size))) break;
    text.remove_prefix(size);
  }
  while (side != Side::left && !text.empty()) {
    const std::size_t size = last_character(text).bytes;
    if (!drops(text.substr(text.size() - size))) break;
    text.remove_suffix(size);
  }
  return text;
}

MOE_INLINE std::vector<std::string_view> split_words(std::string_view text, std::size_t most,
                                                     bool from_right) {
  std::vector<std::string_view> words;
  const auto space_at = [&](std::size_t at) {
    return is_python_space(utf8_step(text.substr(at)).code_point);
  };
  if (from_right) {
    for (text = strip(text, Side::right); !text.empty() && words.size() < most;) {
      std::size_t begin = text.size();
      while (begin > 0) {
        const std::size_t size = last_character(text.substr(0, begin)).bytes;
        if (space_at(begin - size)) break;
        begin -= size;
      }
      words.push_back(text.substr(begin));
      text = strip(text.substr(0, begin), Side::right);
    }
    if (!text.empty()) words.push_back(text);
    std::reverse(words.begin(), words.end());
    return words;
  }
  for (text = strip(text, Side::left); !text.empty() && words.size() < most;) {
    std::size_t end = 0;
    while (end < text.size() && !space_at(end)) end += utf8_step(text.substr(end)).bytes;
    words.push_back(text.substr(0, end));
    text = strip(text.substr(end), Side::left);
  }
  if (!text.empty()) words.push_back(text);
  return words;
}

MOE_INLINE std::vector<std::string_view> split_text(std::string_view text, std::string_view separator,
                                                    std::size_t most, bool from_right) {
  std::vector<std::string_view> parts;
  if (from_right) {
    const std::string reversed_text(text.rbegin(), text.rend());
    const std::string reversed(separator.rbegin(), separator.rend());
    std::size_t end = text.size();
    for (const std::string_view part : split_text(reversed_text, reversed, most, false)) {
      parts.push_back(text.substr(end - part.size(), part.size()));
      end -= std::min(end, part.size() + separator.size());
    }
    std::reverse(parts.begin(), parts.end());
    return parts;
  }
  std::size_t begin = 0;
  for (std::size_t at; parts.size() < most && (at = find_text(text, separator, begin)) != text.npos;
       begin = at + separator.size())
    parts.push_back(text.substr(begin, at - begin));
  parts.push_back(text.substr(begin));
  return parts;
}

MOE_INLINE std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends) {
  std::vector<std::string_view> lines;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = utf8_step(text.substr(at));
    const char32_t c = step.valid ? step.code_point : U'\0';
    const std::size_t end = at;
    at += step.bytes;
    const bool line_break =
        (c >= 0xa && c <= 0xd) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
    if (!line_break) continue;
    if (c == '\r' && at < text.size() && text[at] == '\n') ++at;
    lines.push_back(text.substr(begin, (keep_ends ? at : end) - begin));
    begin = at;
  }
  if (begin < text.size()) lines.push_back(text.substr(begin));
  return lines;
}

// ---- repr

MOE_INLINE void append_hex(std::string& out, char32_t c, std::size_t digits) {
  for (std::size_t i = digits; i-- > 0;) out += "0123456789abcdef"[c >> (4 * i) & 15];
}

MOE_INLINE std::string repr_text(std::string_view text) {
  const char quote = text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
  std::string out(1, quote);
  out += map_characters(text, [&](std::string& escaped, std::size_t, char32_t c) {
    constexpr CharacterClasses printable =
        character::letter | character::number | character::mark | character::symbol;
    if (c == '\n') {
      escaped += "\\n";
    } else if (c == '\r') {
      escaped += "\\r";
    } else if (c == '\t') {
      escaped += "\\t";
    } else if (c == '\\' || c == static_cast<unsigned char>(quote)) {
      escaped += '\\';
      append_utf8(escaped, c);
    } else if (c == ' ' || has_class(c, printable)) {
      append_utf8(escaped, c);
    } else {
      escaped += c < 0x100 ? "\\x" : c < 0x10000 ? "\\u" : "\\U";
      append_hex(escaped, c, c < 0x100 ? 2 : c < 0x10000 ? 4 : 8);
    }
  });
  return out += quote;
}

MOE_INLINE std::string repr_real(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  char buffer[32];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific);
  std::string_view text(buffer, static_cast<std::size_t>(result.ptr - buffer));  // such as -1.25e-07
  std::string out = text.front() == '-' ? "-" : "";
  if (!out.empty()) text.remove_prefix(1);
  const std::size_t e = text.find('e');
  int exponent = 0;
  const std::size_t sign = text[e + 1] == '+' ? 1 : 0;
  std::from_chars(text.data() + e + 1 + sign, text.data() + text.size(), exponent);
  if (exponent < -4 || exponent >= 16) return out += text;
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  if (exponent < 0) return out + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  const std::size_t whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() < whole + 1) digits.append(whole + 1 - digits.size(), '0');
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

MOE_INLINE std::string whole_digits(double number) {
  char digits[320];                               // an f64 has at most 309 digits before the point
  const double whole = std::trunc(number) + 0.0;  // + 0.0: without the sign of -0.0
  return {digits, std::to_chars(digits, digits + sizeof digits, whole, std::chars_format::fixed, 0).ptr};
}

}  // namespace moe::inline MOE_ABI::detail::jinja
