// SPDX-License-Identifier: MIT
#pragma once
#include "parser.hpp"
#include "../../core/concat.hpp"
#include "../../core/error.hpp"
#include "../../core/utf8.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::regex {

MOE_INLINE Tree Parser::read() && {
  expect(pattern_.size() <= most_bytes, name_, "regular expression", concat("at most ", most_bytes, " bytes"),
         concat(pattern_.size()));
  if (utf8_valid_prefix(pattern_) != pattern_.size())
    fail_at(utf8_valid_prefix(pattern_), "UTF-8",
            concat("the byte ", pattern_.substr(utf8_valid_prefix(pattern_), 1)));
  tree_.root = read_alternatives();
  if (!at_end()) fail_here("the end of the pattern");
  return std::move(tree_);
}

MOE_INLINE Node Parser::read_alternatives() {
  if (++depth_ > most_depth)
    fail_at(at_, concat("at most ", most_depth, " nested groups and classes"), concat(depth_));
  const Options options = options_;
  Node node{.kind = Node::Kind::alternatives};
  do {
    node.children.push_back(read_sequence());
  } while (take("|"));
  options_ = options;
  --depth_;
  if (node.children.size() > 1) return node;
  return Node(std::move(node.children[0]));
}

MOE_INLINE Node Parser::read_sequence() {
  Node node{.kind = Node::Kind::sequence};
  for (skip_comments(); !at_end() && peek() != '|' && peek() != ')'; skip_comments())
    node.children.push_back(read_quantified());
  if (node.children.size() != 1) return node;
  return Node(std::move(node.children[0]));
}

MOE_INLINE Node Parser::read_quantified() {
  const std::size_t begin = at_;
  Node element = read_element();
  for (std::size_t count = 0;; ++count) {
    skip_comments();
    const std::size_t quantifier = at_;
    Node repeated = quantify(std::move(element));
    if (at_ == quantifier) return repeated;
    const Node::Kind kind = repeated.children[0].kind;
    if (kind == Node::Kind::assertion || kind == Node::Kind::look_ahead || kind == Node::Kind::look_behind)
      fail_at(begin, "no quantifier after an assertion or a look-around", "a quantifier");
    if (count == most_quantifiers)
      fail_at(quantifier, concat("at most ", most_quantifiers, " quantifiers of one element"),
              concat(count + 1));
    element = std::move(repeated);
  }
}

MOE_INLINE Node Parser::quantify(Node node) {
  const std::size_t begin = at_;
  std::optional<Bounds> bounds;
  bool interval = false;
  if (take("*")) {
    bounds = {0, Node::unlimited};
  } else if (take("+")) {
    bounds = {1, Node::unlimited};
  } else if (take("?")) {
    bounds = {0, 1};
  } else {
    bounds = take_bounds();
    interval = true;
  }
  if (!bounds) return node;
  if (bounds->least > bounds->most)
    fail_at(begin, "a quantifier {n,m} with n at most m", pattern_.substr(begin, at_ - begin));
  Node repeat{.kind = Node::Kind::repeat, .least = bounds->least, .most = bounds->most};
  repeat.children.push_back(std::move(node));
  if (interval && bounds->least == bounds->most) return repeat;  // `{n}?` is `(?:...{n})?`
  if (take("?")) {
    repeat.greed = Greed::lazy;
  } else if (!interval && take("+")) {  // `{n,m}+` is `(?:...{n,m})+`
    repeat.greed = Greed::possessive;
  }
  return repeat;
}

/// `{n}`, `{n,}`, `{n,m}` or `{,m}`; any other brace is a literal.
MOE_INLINE std::optional<Parser::Bounds> Parser::take_bounds() {
  const std::size_t begin = at_;
  if (!take("{")) return {};
  const std::optional<std::uint32_t> least = take_number();
  std::optional<std::uint32_t> most = least;
  if (take(",")) {
    most = take_number();
    if (!most && least) most = Node::unlimited;
  }
  if (most && take("}")) return Bounds{least.value_or(0), *most};
  at_ = begin;
  return {};
}

MOE_INLINE std::optional<std::uint32_t> Parser::take_number() {
  if (peek() < '0' || peek() > '9') return {};
  const std::size_t begin = at_;
  std::uint32_t number = 0;
  for (; peek() >= '0' && peek() <= '9'; ++at_) {
    number = 10 * number + static_cast<std::uint32_t>(peek() - '0');
    if (number > most_repeats)
      fail_at(begin, concat("a number of repeats up to ", most_repeats), concat("at least ", number));
  }
  return number;
}

MOE_INLINE Node Parser::read_element() {
  const std::size_t begin = at_;
  if (take("(")) return read_group();
  if (take("[")) return set_node(read_class());
  if (take("\\")) return read_escape();
  if (take(".")) {
    const CharacterSet none = options_.dot_all ? CharacterSet() : CharacterSet({{'\n', '\n'}});
    return set_node(none.complement());
  }
  if (take("^")) return Node{.kind = Node::Kind::assertion, .assertion = Assertion::line_begin};
  if (take("$")) return Node{.kind = Node::Kind::assertion, .assertion = Assertion::line_end};
  if (peek() == '*' || peek() == '+' || peek() == '?')
    fail_at(begin, "something before a quantifier", "nothing");
  return character_node(read_code_point());
}

MOE_INLINE Node Parser::read_group() {
  if (peek() == '?') return read_special_group();
  Node node = read_alternatives();
  if (!take(")")) fail_here("`)`");
  return node;
}

MOE_INLINE Node Parser::read_special_group() {
  if (in_look_behind_ && (peek(1) == '=' || peek(1) == '!'))
    fail_at(at_ - 1, "no look-ahead inside a look-behind", concat("`(?", peek(1), '`'));
  if (take("?=")) return read_child(Node::Kind::look_ahead, false);
  if (take("?!")) return read_child(Node::Kind::look_ahead, true);
  if (take("?<=")) return read_child(Node::Kind::look_behind, false);
  if (take("?<!")) return read_child(Node::Kind::look_behind, true);
  if (take("?>")) return read_child(Node::Kind::atomic, false);
  if (take("?<")) {
    skip_group_name('>');
  } else if (take("?'")) {
    skip_group_name('\'');
  } else if (!take("?:")) {
    return read_option_group();
  }
  Node node = read_alternatives();
  if (!take(")")) fail_here("`)`");
  return node;
}

MOE_INLINE Node Parser::read_child(Node::Kind kind, bool negated) {
  Node node{.kind = kind, .negated = negated};
  const bool outside = in_look_behind_;
  in_look_behind_ |= kind == Node::Kind::look_behind;
  node.children.push_back(read_alternatives());
  if (!take(")")) fail_here("`)`");
  in_look_behind_ = outside;
  return node;
}

MOE_INLINE void Parser::skip_group_name(char close) {
  while (!at_end() && peek() != close && peek() != ')') ++at_;
  if (peek() != close) fail_here("the end of a group's name");
  ++at_;
}

/// `(?i:...)`; or `(?i)`, which is read as a group of its own that contains the rest of the enclosing group.
MOE_INLINE Node Parser::read_option_group() {
  const Options before = options_;
  ++at_;  // the question mark
  for (bool value = true; peek() != ':' && peek() != ')'; ++at_) {
    if (peek() == '-') {
      value = false;
    } else if (peek() == 'i') {
      options_.ignore_case = value;
    } else if (peek() == 'm') {
      options_.dot_all = value;
    } else if (peek() == 'x') {
      options_.extended = value;
    } else {
      fail_here(
          "a group that is supported: `(?:`, `(?=`, `(?!`, `(?<=`, `(?<!`, `(?>` or one of the options i, m, "
          "x");
    }
  }
  const bool rest = take(")");
  if (!rest) ++at_;
  Node node = read_alternatives();
  if (!rest && !take(")")) fail_here("`)`");
  options_ = before;
  return node;
}

MOE_INLINE std::optional<Assertion> Parser::take_assertion() {
  switch (peek()) {
    case 'A': ++at_; return Assertion::text_begin;
    case 'z': ++at_; return Assertion::text_end;
    case 'Z': ++at_; return Assertion::last_line_end;
    case 'b': ++at_; return Assertion::word_border;
    case 'B': ++at_; return Assertion::no_word_border;
    default: return {};
  }
}

MOE_INLINE Node Parser::read_escape() {
  if (const std::optional<Assertion> assertion = take_assertion())
    return {.kind = Node::Kind::assertion, .assertion = *assertion};
  if (std::optional<CharacterSet> set = take_set_escape(false)) return set_node(std::move(*set));
  if (take("R")) return line_break_node();
  return character_node(read_character_escape(false));
}

/// `(?>\r\n|[\n-\r\x{85}\x{2028}\x{2029}])`
MOE_INLINE Node Parser::line_break_node() {
  Node both{.kind = Node::Kind::sequence}, either{.kind = Node::Kind::alternatives},
      atomic{.kind = Node::Kind::atomic};
  both.children.push_back(set_node(CharacterSet({{'\r', '\r'}})));
  both.children.push_back(set_node(CharacterSet({{'\n', '\n'}})));
  either.children.push_back(std::move(both));
  either.children.push_back(set_node(CharacterSet({{'\n', '\r'}, {0x85, 0x85}, {0x2028, 0x2029}})));
  atomic.children.push_back(std::move(either));
  return atomic;
}

MOE_INLINE Node Parser::character_node(char32_t c) {
  CharacterSet set({{c, c}});
  return set_node(options_.ignore_case ? set.case_closure() : std::move(set));
}

MOE_INLINE Node Parser::set_node(CharacterSet set) {
  std::vector<std::pair<char32_t, char32_t>> key;
  for (const Range& range : set.ranges()) key.emplace_back(range.first, range.last);
  const auto [place, added] = set_indices_.emplace(std::move(key), tree_.sets.size());
  if (added) {
    if (tree_.sets.size() == most_sets)
      fail_at(at_, concat("at most ", most_sets, " different characters and classes"),
              concat("at least ", most_sets + 1));
    tree_.sets.push_back(std::move(set));
  }
  return {.kind = Node::Kind::set, .set = place->second};
}

MOE_INLINE bool Parser::take(std::string_view text) {
  if (!pattern_.substr(at_).starts_with(text)) return false;
  at_ += text.size();
  return true;
}

MOE_INLINE char32_t Parser::read_code_point() {
  const Utf8Step step = utf8_step(pattern_.substr(at_));
  at_ += step.bytes;
  return step.code_point;
}

MOE_INLINE void Parser::skip_comments() {
  for (skip_extended(); take("(?#"); skip_extended()) {
    while (!at_end() && peek() != ')') at_ += peek() == '\\' ? 2 : 1;
    at_ = std::min(at_, pattern_.size());
    if (!take(")")) fail_here("`)` after a comment");
  }
}

MOE_INLINE void Parser::skip_extended() {
  if (!options_.extended) return;
  for (bool comment = false; !at_end(); ++at_) {
    const char c = peek();
    if (c == '#') comment = true;
    if (c == '\n') comment = false;
    if (!comment && c != ' ' && (c < '\t' || c > '\r')) return;
  }
}

MOE_INLINE void Parser::fail_at(std::size_t offset, std::string_view expected, std::string_view found) const {
  fail(name_, concat("regular expression \"", pattern_, "\" at byte ", offset), expected, found);
}

MOE_INLINE void Parser::fail_here(std::string_view expected) const {
  if (at_end()) fail_at(at_, expected, "the end of the pattern");
  const std::string_view rest = pattern_.substr(at_);
  fail_at(at_, expected, concat('`', rest.substr(0, utf8_step(rest).bytes), '`'));
}

}  // namespace moe::inline MOE_ABI::detail::regex
