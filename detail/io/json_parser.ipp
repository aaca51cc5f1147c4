// SPDX-License-Identifier: MIT
#pragma once
#include "json_parser.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../core/utf8.hpp"
#include "file_signature.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace moe::inline MOE_ABI::detail {

class JsonParser {
 public:
  JsonParser(std::string text, std::string name);

  JsonTree parse() &&;

 private:
  enum Kind : std::uint8_t { null, boolean, number, string, array, object };  // the values of Json::Kind
  static constexpr int max_depth = 128;  // the limit of serde_json, which bounds the recursion

  std::string& text() { return tree_.text; }
  JsonNode& node(std::uint32_t index) { return tree_.nodes[index]; }

  std::uint32_t add_node(std::uint32_t parent);

  char peek() const { return at_ < tree_.text.size() ? tree_.text[at_] : '\0'; }

  void skip_space();

  bool take(char c);

  void value(std::uint32_t self, int depth);

  void children(std::uint32_t self, int depth, Kind kind, char closing);

  void member_name(std::uint32_t self);

  void string_value(std::uint32_t self);

  void literal(std::uint32_t self, std::string_view word, Kind kind);

  void number_value(std::uint32_t self);

  void finish(std::uint32_t self, Kind kind, std::size_t end);

  /// Reads a string from its opening quote on, and replaces the string in the text by the contents without escapes, which are
  /// never longer. Returns the position and the size of the contents.
  std::pair<std::uint32_t, std::uint32_t> unescaped();

  std::string escape();

  std::string unicode_escape();

  char32_t four_digits();

  std::string quote_here() const;

  [[noreturn]] void fail_here(std::string_view expected, std::string_view found) const;

  JsonTree tree_;
  std::size_t at_ = 0;
};

MOE_INLINE std::string_view JsonTree::slice(const JsonNode& node) const {
  return std::string_view(text).substr(node.begin, node.size);
}

MOE_INLINE std::string_view JsonTree::key(const JsonNode& node) const {
  return std::string_view(text).substr(node.key_begin, node.key_size);
}

MOE_INLINE JsonParser::JsonParser(std::string text, std::string name)
    : tree_{std::move(name), std::move(text), {}} {
  constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max() - 1;
  if (tree_.text.size() > most)
    fail(tree_.name, "size", concat("at most ", most, " bytes of JSON"), concat(tree_.text.size(), " bytes"));
}

MOE_INLINE JsonTree JsonParser::parse() && {
  if (const std::string_view other = known_signature(text()); !text().empty() && !other.empty())
    fail_here("JSON", other);
  at_ = utf8_valid_prefix(tree_.text);
  if (at_ != tree_.text.size()) fail_here("UTF-8", "an invalid byte");
  at_ = 0;
  tree_.nodes.reserve(tree_.text.size() / 16 + 1);
  value(add_node(0), 0);
  skip_space();
  if (at_ != text().size()) fail_here("the end of the text", quote_here());
  return std::move(tree_);
}

MOE_INLINE std::uint32_t JsonParser::add_node(std::uint32_t parent) {
  const auto index = static_cast<std::uint32_t>(tree_.nodes.size());
  tree_.nodes.push_back({.parent = parent});
  return index;
}

MOE_INLINE void JsonParser::skip_space() {
  while (peek() == ' ' || peek() == '\n' || peek() == '\t' || peek() == '\r') ++at_;
}

MOE_INLINE bool JsonParser::take(char c) {
  skip_space();
  if (peek() != c || at_ == tree_.text.size()) return false;
  ++at_;
  return true;
}

MOE_INLINE void JsonParser::value(std::uint32_t self, int depth) {
  skip_space();
  node(self).begin = static_cast<std::uint32_t>(at_);
  switch (peek()) {
    case '{': return children(self, depth, object, '}');
    case '[': return children(self, depth, array, ']');
    case '"': return string_value(self);
    case 't': return literal(self, "true", boolean);
    case 'f': return literal(self, "false", boolean);
    case 'n': return literal(self, "null", null);
    default: return number_value(self);
  }
}

MOE_INLINE void JsonParser::children(std::uint32_t self, int depth, Kind kind, char closing) {
  if (depth == max_depth) fail_here(concat("at most ", max_depth, " levels"), "more levels");
  ++at_;
  node(self).kind = kind;
  if (take(closing)) return;
  std::uint32_t last = 0;
  do {
    const std::uint32_t child = add_node(self);
    if (last != 0) node(last).next = child;
    last = child;
    ++node(self).size;
    if (kind == object) member_name(child);
    value(child, depth + 1);
  } while (take(','));
  if (!take(closing)) fail_here(kind == object ? "',' or '}'" : "',' or ']'", quote_here());
}

MOE_INLINE void JsonParser::member_name(std::uint32_t self) {
  skip_space();
  if (peek() != '"') fail_here("the name of a member", quote_here());
  const auto [begin, size] = unescaped();
  node(self).key_begin = begin;
  node(self).key_size = size;
  if (!take(':')) fail_here("':'", quote_here());
}

MOE_INLINE void JsonParser::string_value(std::uint32_t self) {
  node(self).kind = string;
  const auto [begin, size] = unescaped();
  node(self).begin = begin;
  node(self).size = size;
}

MOE_INLINE void JsonParser::literal(std::uint32_t self, std::string_view word, Kind kind) {
  if (std::string_view(text()).substr(at_, word.size()) != word) fail_here("a JSON value", quote_here());
  finish(self, kind, at_ + word.size());
}

MOE_INLINE void JsonParser::number_value(std::uint32_t self) {
  std::size_t end = at_;
  const auto at = [&](std::size_t i) { return i < text().size() ? text()[i] : '\0'; };
  const auto digits = [&] {
    const std::size_t first = end;
    while (at(end) >= '0' && at(end) <= '9') ++end;
    if (end > first) return;
    const bool begun = end > at_;
    at_ = end;
    fail_here(begun ? "a digit" : "a JSON value", quote_here());
  };
  if (at(end) == '-') ++end;
  if (std::string_view(text()).substr(end, infinity_word.size()) == infinity_word)
    return finish(self, number, end + infinity_word.size());
  if (at(end) == '0') {
    ++end;
  } else {
    digits();
  }
  if (at(end) == '.') ++end, digits();
  if (at(end) == 'e' || at(end) == 'E') {
    ++end;
    if (at(end) == '+' || at(end) == '-') ++end;
    digits();
  }
  finish(self, number, end);
}

MOE_INLINE void JsonParser::finish(std::uint32_t self, Kind kind, std::size_t end) {
  node(self).kind = kind;
  node(self).size = static_cast<std::uint32_t>(end - at_);
  at_ = end;
}

MOE_INLINE std::pair<std::uint32_t, std::uint32_t> JsonParser::unescaped() {
  const std::size_t begin = ++at_;
  std::size_t out = begin;
  for (;;) {
    if (at_ == text().size()) fail_here("'\"'", "the end of the text");
    const char c = text()[at_];
    if (static_cast<unsigned char>(c) < 0x20)
      fail_here("an escaped control character", "a control character without escape");
    if (c == '"') break;
    if (c == '\\') {
      std::string piece = escape();
      for (const char byte : piece) text()[out++] = byte;
    } else {
      text()[out++] = c;
      ++at_;
    }
  }
  ++at_;
  return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(out - begin)};
}

MOE_INLINE std::string JsonParser::escape() {
  constexpr std::string_view names = "\"\\/bfnrt";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  ++at_;
  if (peek() == 'u') return unicode_escape();
  const std::size_t which = names.find(peek());
  if (peek() == '\0' || which == names.npos) fail_here("an escape of JSON", quote_here());
  ++at_;
  return std::string(1, meanings[which]);
}

MOE_INLINE std::string JsonParser::unicode_escape() {
  const std::size_t begin = at_ - 1;  // of the backslash
  char32_t c = four_digits();
  if (c >= 0xd800 && c < 0xe000) {  // a code point beyond U+FFFF has two surrogates
    const bool paired = c < 0xdc00 && std::string_view(text()).substr(at_, 2) == "\\u";
    if (paired) ++at_;
    const char32_t low = paired ? four_digits() : 0;
    if (low < 0xdc00 || low >= 0xe000) {
      at_ = begin;
      fail_here("a pair of surrogates", "a lone surrogate");
    }
    c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
  }
  std::string out;
  append_utf8(out, c);
  return out;
}

MOE_INLINE char32_t JsonParser::four_digits() {
  ++at_;
  unsigned value = 0;
  const std::string_view digits = std::string_view(text()).substr(at_, 4);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  at_ += static_cast<std::size_t>(end - digits.data());
  if (error != std::errc() || end != digits.data() + 4) fail_here("four hexadecimal digits", quote_here());
  return value;
}

MOE_INLINE std::string JsonParser::quote_here() const {
  if (at_ >= tree_.text.size()) return "the end of the text";
  return concat(
      '\'',
      std::string_view(tree_.text).substr(at_, utf8_step(std::string_view(tree_.text).substr(at_)).bytes),
      '\'');
}

MOE_INLINE void JsonParser::fail_here(std::string_view expected, std::string_view found) const {
  fail(tree_.name, concat("byte ", at_), expected, found);
}

MOE_INLINE JsonTree parse_json(std::string text, std::string name) {
  return JsonParser(std::move(text), std::move(name)).parse();
}

}  // namespace moe::inline MOE_ABI::detail
