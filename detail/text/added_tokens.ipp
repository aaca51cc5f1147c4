// SPDX-License-Identifier: MIT
#pragma once
#include "added_tokens.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE BackwardAutomaton::BackwardAutomaton(const std::vector<std::string_view>& texts) {
  struct Node {
    std::uint32_t first, last;  // the texts that end with the bytes of this state
    std::size_t depth;          // the number of these bytes
  };
  std::vector<Node> nodes{{0, static_cast<std::uint32_t>(texts.size()), 0}};
  bytes_.push_back(0);
  fallback_.push_back(0);
  for (std::uint32_t state = 0; state < nodes.size(); ++state) {
    std::uint32_t first = nodes[state].first;
    const std::uint32_t last = nodes[state].last;
    const std::size_t depth = nodes[state].depth;
    children_.push_back(static_cast<std::uint32_t>(nodes.size()));
    const bool whole = first < last && texts[first].size() == depth;
    longest_.push_back(whole ? first++ : state == 0 ? none : longest_[fallback_[state]]);
    while (first < last) {
      const auto byte = [&](std::uint32_t text) { return texts[text][texts[text].size() - 1 - depth]; };
      const char own = byte(first);
      if (state == 0) first_[static_cast<unsigned char>(own)] = static_cast<std::uint32_t>(nodes.size());
      fallback_.push_back(state == 0 ? 0 : step(fallback_[state], own));
      bytes_.push_back(static_cast<unsigned char>(own));
      const std::uint32_t begin = first;
      while (first < last && byte(first) == own) ++first;
      nodes.push_back({begin, first, depth + 1});
    }
  }
  children_.push_back(static_cast<std::uint32_t>(nodes.size()));
}

MOE_INLINE std::uint32_t BackwardAutomaton::child(std::uint32_t state, unsigned char byte) const {
  const auto first = bytes_.begin() + children_[state], last = bytes_.begin() + children_[state + 1];
  const auto found = std::lower_bound(first, last, byte);
  return found == last || *found != byte ? none : static_cast<std::uint32_t>(found - bytes_.begin());
}

MOE_INLINE std::uint32_t BackwardAutomaton::step(std::uint32_t state, char byte) const {
  const auto wanted = static_cast<unsigned char>(byte);
  for (; state != 0; state = fallback_[state])
    if (const std::uint32_t next = child(state, wanted); next != none) return next;
  return first_[wanted];
}

MOE_INLINE AddedTokenMatcher::AddedTokenMatcher(std::vector<AddedToken> tokens, bool spaces_are_marks)
    : spaces_are_marks_(spaces_are_marks) {
  std::sort(tokens.begin(), tokens.end(), [](const AddedToken& a, const AddedToken& b) {
    if (a.content == b.content) return a.id < b.id;
    const auto unsigned_less = [](char x, char y) {
      return static_cast<unsigned char>(x) < static_cast<unsigned char>(y);
    };
    return std::lexicographical_compare(a.content.rbegin(), a.content.rend(), b.content.rbegin(),
                                        b.content.rend(), unsigned_less);
  });
  for (AddedToken& token : tokens) {
    if (!tokens_.empty() && tokens_.back().content == token.content) continue;
    longest_content_ = std::max(longest_content_, token.content.size());
    tokens_.push_back(std::move(token));
  }
  std::vector<std::string_view> contents;
  for (const AddedToken& token : tokens_) contents.push_back(token.content);
  automaton_ = BackwardAutomaton(contents);
}

MOE_INLINE const AddedTokenMatcher::Match* AddedTokenMatcher::Matches::next(std::size_t at) {
  for (;;) {
    while (!matches_.empty() && matches_.back().begin < at) matches_.pop_back();
    if (!matches_.empty()) return &matches_.back();
    window_end_ = std::max(window_end_, at);
    if (window_end_ >= text_.size() || matcher_.tokens_.empty()) return nullptr;
    read_window();
  }
}

MOE_INLINE void AddedTokenMatcher::Matches::read_window() {
  // At least as long as the longest token, so that no byte is read more than twice.
  const std::size_t size = std::max(std::size_t{1} << 16, matcher_.longest_content_);
  const std::size_t begin = window_end_;
  window_end_ = std::min(text_.size(), begin + size);
  const BackwardAutomaton& automaton = matcher_.automaton_;
  std::uint32_t state = automaton.start();
  for (std::size_t at = std::min(text_.size(), window_end_ + matcher_.longest_content_); at-- > begin;) {
    state = automaton.step(state, text_[at]);
    if (state == automaton.start()) continue;
    const std::uint32_t token = automaton.longest(state);
    if (token != BackwardAutomaton::none && at < window_end_) matches_.push_back({at, token});
  }
}

MOE_INLINE bool AddedTokenMatcher::touches_word(std::string_view text, std::size_t begin, std::size_t end) {
  return last_character(text.substr(0, begin)).is(character::word) ||
         character_at(text, end).is(character::word);
}

MOE_INLINE std::size_t AddedTokenMatcher::begin_of_space(std::string_view text, std::size_t least,
                                                         std::size_t end) const {
  for (;;) {
    const std::string_view before = text.substr(least, end - least);
    const Character last = last_character(before);
    if (!last.is(character::space) || (spaces_are_marks_ && before.back() == ' ')) return end;
    end -= last.bytes;
  }
}

MOE_INLINE std::size_t AddedTokenMatcher::end_of_space(std::string_view text, std::size_t at) const {
  for (Character c = character_at(text, at); c.is(character::space); c = character_at(text, at)) {
    if (spaces_are_marks_ && text[at] == ' ') return at;
    at += c.bytes;
  }
  return at;
}

}  // namespace moe::inline MOE_ABI::detail
