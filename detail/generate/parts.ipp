// SPDX-License-Identifier: MIT
#pragma once
#include "parts.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Whether the prompt ends with the marker, apart from white space after the marker.
inline bool ends_with_marker(const Tokenizer& tokenizer, std::span<const TokenId> prompt,
                             std::string_view marker) {
  constexpr std::size_t white_space_tokens = 16;
  const std::size_t tokens = std::min(prompt.size(), marker.size() + white_space_tokens);
  const std::string end = tokenizer.decode(prompt.last(tokens));
  return std::string_view(end).substr(0, end.find_last_not_of(" \t\r\n") + 1).ends_with(marker);
}

MOE_INLINE TurnParts::TurnParts(const TurnFormat& format, const Tokenizer& tokenizer,
                                std::span<const TokenId> prompt) {
  const std::size_t longest = std::max(format.reasoning_begin.size(), format.reasoning_end.size());
  if (format.reasoning_begin.empty() || format.reasoning_end.empty() || longest > longest_marker) return;
  std::vector<std::string> markers{format.reasoning_begin, format.reasoning_end};
  for (const std::string& mark : format.answer_marks)
    if (mark.size() <= longest_marker) markers.push_back(mark);
  for (const std::string& marker : markers) {
    const std::vector<TokenId> ids = tokenizer.encode(marker, {.add_special_tokens = false});
    is_special_.push_back(!ids.empty() && tokenizer.is_special(ids.front()));
  }
  markers_ = IncrementalSearch(std::move(markers));
  if (ends_with_marker(tokenizer, prompt, format.reasoning_begin)) pass(reasoning_begin);
}

MOE_INLINE void TurnParts::write(std::string_view text, bool hidden, Emit emit) {
  if (markers_.empty()) {
    if (!hidden && !text.empty()) emit(TextPart::answer, text);
    return;
  }
  for (const char byte : text) {
    held_ += byte;
    hidden_.push_back(hidden);
    const std::optional<std::size_t> marker = markers_.step(byte);
    if (marker && counts(*marker)) {
      release(held_.size() - markers_.text(*marker).size(), emit);
      pass(*marker);
    } else if (markers_.held() < held_.size()) {
      release(held_.size() - markers_.held(), emit);
    }
  }
}

MOE_INLINE void TurnParts::finish(Emit emit) {
  release(held_.size(), emit);
  if (!space_.empty()) emit(part(), space_);
  space_.clear();
  markers_.reset();
}

MOE_INLINE bool TurnParts::counts(std::size_t marker) const {
  if (marker == reasoning_end) return place_ == Place::reasoning;
  if (marker == reasoning_begin) return place_ == Place::begin || is_special_[marker];
  return place_ != Place::reasoning || is_special_[marker];
}

MOE_INLINE void TurnParts::pass(std::size_t marker) {
  held_.clear();
  hidden_.clear();
  space_.clear();
  markers_.reset();
  place_ = marker == reasoning_begin ? Place::reasoning : Place::answer;
  after_marker_ = true;
}

MOE_INLINE void TurnParts::release(std::size_t count, Emit emit) {
  shown_.clear();
  for (std::size_t i = 0; i < count; ++i)
    if (!hidden_[i]) show(held_[i]);
  held_.erase(0, count);
  hidden_.erase(hidden_.begin(), hidden_.begin() + static_cast<std::ptrdiff_t>(count));
  if (!shown_.empty()) emit(part(), shown_);
}

MOE_INLINE void TurnParts::show(char byte) {
  if (std::string_view(" \t\r\n").find(byte) != std::string_view::npos) {
    if (after_marker_) return;
    (place_ == Place::answer ? shown_ : space_) += byte;
    return;
  }
  after_marker_ = false;
  if (place_ == Place::begin) place_ = Place::answer;
  shown_ += space_;
  shown_ += byte;
  space_.clear();
}

}  // namespace moe::inline MOE_ABI::detail
