// SPDX-License-Identifier: MIT
#pragma once
#include "lexer.hpp"
#include "../../core/concat.hpp"
#include "../../core/error.hpp"
#include "../../core/utf8.hpp"
#include "../unicode.hpp"
#include "python_text.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

/// `line 3, column 14`, both from 1. Columns count code points.
inline std::string place_in(std::string_view source, std::size_t offset) {
  const std::string_view before = source.substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t begin = before.rfind('\n') + 1;  // 0 in the first line
  return concat("line ", static_cast<long>(line), ", column ", count_code_points(before.substr(begin)) + 1);
}

MOE_INLINE void fail_at(std::string_view source, std::string_view file, std::size_t place,
                        std::string_view message) {
  fail(file, place_in(source, place), message);
}

MOE_INLINE std::string normalized_source(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n') continue;
    out += source[i] == '\r' ? '\n' : source[i];
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

class Lexer {
 public:
  Lexer(std::string_view source, std::string_view file) : source_(source), file_(file) {}

  std::vector<Token> run() && {
    while (at_ < source_.size()) text_and_tag();
    add(Token::Type::end, source_.size(), "");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail_here(std::size_t place, std::string_view message) const {
    fail_at(source_, file_, place, message);
  }

  void add(Token::Type type, std::size_t place, std::string_view text) {
    tokens_.push_back({type, static_cast<std::uint32_t>(place), std::string(text)});
  }

  char at(std::size_t offset) const { return offset < source_.size() ? source_[offset] : '\0'; }

  std::size_t skip_space(std::size_t offset) const {
    const std::string_view rest = source_.substr(std::min(offset, source_.size()));
    return source_.size() - strip(rest, Side::left).size();
  }

  /// The offset of the next {{, {% or {#, or the end of the source.
  std::size_t find_tag() const {
    for (std::size_t i = at_; (i = source_.find('{', i)) != source_.npos; ++i)
      if (at(i + 1) == '{' || at(i + 1) == '%' || at(i + 1) == '#') return i;
    return source_.size();
  }

  /// Adds the text up to a tag at `end`, without the white space that the tag removes. `sign`: the character after {{, {%
  /// or {#.
  void add_text(std::size_t end, char sign, bool variable) {
    std::string_view text = source_.substr(at_, end - at_);
    if (sign == '-') {
      text = strip(text, Side::right);
    } else if (sign != '+' && !variable && end < source_.size()) {  // lstrip_blocks
      const std::size_t line = text.rfind('\n') + 1;
      const bool begins_line = line > 0 || line_starting_;
      if (begins_line && strip(text.substr(line), Side::left).empty()) text = text.substr(0, line);
    }
    if (!text.empty()) add(Token::Type::text, at_, text);
  }

  /// The offset of the text after a tag that ends with %}, }} or #} at `end`. `sign` is the character before `end`: `-` removes
  /// all white space after the tag. Without `-` or `+`, %} and #} remove one line feed.
  std::size_t after_end(std::size_t end, char sign, bool variable) {
    end += 2;
    if (sign == '-') {
      end = skip_space(end);
    } else if (sign != '+' && !variable && at(end) == '\n') {  // trim_blocks
      ++end;
    }
    line_starting_ = end > 0 && at(end - 1) == '\n';
    return end;
  }

  void text_and_tag() {
    const std::size_t tag = find_tag();
    const char kind = at(tag + 1), sign = at(tag + 2);
    add_text(tag, sign, kind == '{');
    at_ = tag;
    if (tag == source_.size()) return;
    const std::size_t inside = tag + 2 + (sign == '-' || sign == '+' ? 1 : 0);
    if (kind == '#') {
      comment(inside);
    } else if (kind == '%' && raw(inside)) {
      return;
    } else {
      const bool variable = kind == '{';
      add(variable ? Token::Type::begin_variable : Token::Type::begin_block, tag, "");
      at_ = inside;
      tag_contents(variable);
    }
  }

  void comment(std::size_t begin) {
    const std::size_t end = source_.find("#}", begin);
    if (end == source_.npos) fail_here(at_, "Missing end of comment tag");
    const char sign = end > begin ? at(end - 1) : '\0';
    at_ = after_end(end, sign, false);
  }

  /// Whether `name %}`, `name -%}` or `name +%}` is at an offset. If so, moves the offset to %}. `sign`: the character after
  /// the name and white space.
  bool is_tag(std::size_t& offset, std::string_view name, char& sign) const {
    const std::size_t begin = skip_space(offset);
    if (source_.substr(begin, name.size()) != name) return false;
    std::size_t end = skip_space(begin + name.size());
    sign = at(end);
    if (sign == '-' || sign == '+') ++end;
    if (at(end) != '%' || at(end + 1) != '}') return false;
    offset = end;
    return true;
  }

  /// Reads {% raw %}...{% endraw %}; false if another tag begins.
  bool raw(std::size_t inside) {
    char sign = '\0';
    if (!is_tag(inside, "raw", sign) || sign == '+') return false;
    const std::size_t tag = at_;
    at_ = sign == '-' ? skip_space(inside + 2) : inside + 2;
    for (std::size_t end = at_; (end = source_.find("{%", end)) != source_.npos; end += 2) {
      const char before = at(end + 2);
      std::size_t name = end + 2 + (before == '-' || before == '+' ? 1 : 0);
      if (!is_tag(name, "endraw", sign)) continue;
      add_text(end, before, false);
      at_ = after_end(name, sign, false);
      return true;
    }
    fail_here(tag, "Missing end of raw directive");
  }

  void tag_contents(bool variable) {
    std::string brackets;  // the closing brackets that are still missing
    for (;;) {
      at_ = skip_space(at_);
      if (at_ >= source_.size()) fail_here(at_, variable ? "expected '}}'" : "expected '%}'");
      const char sign = at(at_);
      const std::size_t end = at_ + (sign == '-' || (sign == '+' && !variable) ? 1 : 0);
      const bool ends = at(end) == (variable ? '}' : '%') && at(end + 1) == '}';
      if (ends && brackets.empty()) {
        add(variable ? Token::Type::end_variable : Token::Type::end_block, at_, "");
        at_ = after_end(end, end > at_ ? sign : '\0', variable);
        return;
      }
      token(brackets);
    }
  }

  void token(std::string& brackets) {
    const std::size_t begin = at_;
    const char c = at(at_);
    if (c == '"' || c == '\'') return string(c);
    if (c >= '0' && c <= '9') return number();
    if (const std::size_t size = name_size(at_)) {
      at_ += size;
      return add(Token::Type::name, begin, source_.substr(begin, size));
    }
    for (const std::string_view sign :
         {"**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
          "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"}) {
      if (!source_.substr(at_).starts_with(sign)) continue;
      balance(sign, brackets);
      at_ += sign.size();
      return add(Token::Type::sign, begin, sign);
    }
    fail_here(at_, concat("unexpected char ",
                          repr_text(source_.substr(at_, utf8_step(source_.substr(at_)).bytes))));
  }

  void balance(std::string_view sign, std::string& brackets) const {
    if (sign == "(" || sign == "[" || sign == "{") {
      brackets += sign == "(" ? ')' : sign == "[" ? ']' : '}';
    } else if (sign == ")" || sign == "]" || sign == "}") {
      if (brackets.empty()) fail_here(at_, concat("unexpected '", sign, '\''));
      if (brackets.back() != sign[0])
        fail_here(at_, concat("unexpected '", sign, "', expected '", brackets.back(), '\''));
      brackets.pop_back();
    }
  }

  std::size_t name_size(std::size_t begin) const {
    return end_of_run(source_, begin, character::word) - begin;
  }

  /// The end of digits with single underscores between them.
  std::size_t digits_end(std::size_t offset, std::string_view digits) const {
    const auto is_digit = [&](std::size_t i) {
      return i < source_.size() && digits.find(source_[i]) != digits.npos;
    };
    while (is_digit(offset) || (at(offset) == '_' && is_digit(offset + 1))) ++offset;
    return offset;
  }

  void add_number(Token::Type type, std::size_t end) {
    std::string digits(source_.substr(at_, end - at_));
    std::erase(digits, '_');
    add(type, at_, digits);
    at_ = end;
  }

  void number() {
    constexpr std::string_view decimal = "0123456789";
    const char prefix = static_cast<char>(at(at_ + 1) | 0x20);
    if (at(at_) == '0' && (prefix == 'x' || prefix == 'o' || prefix == 'b')) {
      const std::string_view digits = prefix == 'x'   ? "0123456789abcdefABCDEF"
                                      : prefix == 'o' ? "01234567"
                                                      : "01";
      const std::size_t end = digits_end(at_ + 2, digits);
      if (end > at_ + 2) return add_number(Token::Type::integer, end);
    }
    const std::size_t whole = digits_end(at_, decimal);
    std::size_t end = whole;
    const bool after_point = at_ > 0 && at(at_ - 1) == '.';  // `a.1.2` has elements, not a number
    if (!after_point && at(end) == '.' && digits_end(end + 1, decimal) > end + 1 && at(end + 1) != '_')
      end = digits_end(end + 1, decimal);
    if (!after_point && (at(end) | 0x20) == 'e') {
      const std::size_t begin = end + 1 + (at(end + 1) == '+' || at(end + 1) == '-' ? 1 : 0);
      if (digits_end(begin, decimal) > begin && at(begin) != '_') end = digits_end(begin, decimal);
    }
    if (end > whole) return add_number(Token::Type::real, end);
    // As in Jinja, a decimal integer that begins with 0 has no other digit than 0.
    const bool zero = at(at_) == '0';
    std::size_t zeros = at_;
    while (zero && (at(zeros) == '0' || (at(zeros) == '_' && at(zeros + 1) == '0'))) ++zeros;
    add_number(Token::Type::integer, zero ? zeros : whole);
  }

  void string(char quote) {
    const std::size_t begin = at_++;
    std::string out;
    while (at(at_) != quote) {
      if (at_ >= source_.size()) fail_here(begin, "unexpected char: the string has no end");
      if (at(at_) == '\\') {
        escape(out);
      } else {
        out += at(at_++);
      }
    }
    ++at_;
    add(Token::Type::string, begin, out);
  }

  /// Reads an escape of Python's strings, and appends its meaning.
  void escape(std::string& out) {
    constexpr std::string_view names = "\\'\"abfnrtv\n", meanings = "\\'\"\a\b\f\n\r\t\v";
    const char c = at(at_ + 1);
    if (at_ + 1 >= source_.size()) fail_here(at_, "the string has no end");
    const std::size_t which = names.find(c);
    if (which != names.npos) {
      if (c != '\n') out += meanings[which];
      at_ += 2;
    } else if (c == 'x' || c == 'u' || c == 'U') {
      code_point(out, c == 'x' ? 2 : c == 'u' ? 4 : 8);
    } else if (c >= '0' && c <= '7') {
      char32_t value = 0;
      std::size_t end = at_ + 1;
      for (; end < at_ + 4 && at(end) >= '0' && at(end) <= '7'; ++end)
        value = 8 * value + static_cast<char32_t>(at(end) - '0');
      append_utf8(out, value);
      at_ = end;
    } else if (c == 'N') {
      fail_here(at_, "names of characters, \\N{...}, are not supported");
    } else {
      out += '\\';
      ++at_;
    }
  }

  void code_point(std::string& out, std::size_t digits) {
    const std::string_view text = source_.substr(at_ + 2, digits);
    std::uint32_t value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    const bool valid = text.size() == digits && result.ec == std::errc() &&
                       result.ptr == text.data() + digits && value < 0x110000 &&
                       (value < 0xd800 || value >= 0xe000);
    if (!valid) fail_here(at_, "wrong escape of a character in a string");
    append_utf8(out, value);
    at_ += 2 + digits;
  }

  std::string_view source_, file_;
  std::size_t at_ = 0;
  bool line_starting_ = true;
  std::vector<Token> tokens_;
};

MOE_INLINE std::vector<Token> tokenize(std::string_view source, std::string_view file) {
  return Lexer(source, file).run();
}

}  // namespace moe::inline MOE_ABI::detail::jinja
