// SPDX-License-Identifier: MIT
#pragma once
#include "output_text.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE OutputText::OutputText(const Tokenizer* tokenizer, std::optional<TurnParts> parts,
                                  const std::vector<std::string>& stop_strings)
    : tokenizer_(tokenizer), parts_(std::move(parts)), stops_(stop_strings) {
  if (tokenizer) decoder_.emplace(*tokenizer, true, true);
  constexpr std::size_t usual_token_bytes = 256;  // the loop allocates only for longer tokens
  shown_.resize(2);
  for (Shown& shown : shown_) shown.text.reserve(usual_token_bytes);
  decoded_.reserve(usual_token_bytes);
}

MOE_INLINE bool OutputText::push(TokenId id, bool may_stop) {
  may_stop_ = may_stop;
  if (!tokenizer_) return false;
  if (parts_ && tokenizer_->is_special(id)) {
    read(tokenizer_->bytes(id), true);
  } else {
    decoded_.clear();
    decoder_->push(id, decoded_);
    read(decoded_, false);
  }
  return stopped_;
}

MOE_INLINE bool OutputText::finish(bool may_stop) {
  may_stop_ = may_stop;
  if (!tokenizer_) return false;
  read(decoder_->finish(), false);
  if (parts_) parts_->finish([this](TextPart part, std::string_view text) { show(part, text); });
  if (!stopped_) stops_.finish(last(part_));
  return stopped_;
}

MOE_INLINE bool OutputText::take(std::string& text, TextPart& part) {
  while (taken_ < count_ && shown_[taken_].text.empty()) ++taken_;
  if (taken_ == count_) return false;
  std::swap(text, shown_[taken_].text);
  part = shown_[taken_].part;
  ++taken_;
  return true;
}

MOE_INLINE void OutputText::read(std::string_view text, bool hidden) {
  if (!parts_) return show(TextPart::answer, text);
  parts_->write(text, hidden, [this](TextPart part, std::string_view shown) { show(part, shown); });
}

MOE_INLINE void OutputText::show(TextPart part, std::string_view text) {
  if (stopped_ || text.empty()) return;
  if (part != part_) stops_.finish(last(part_));
  part_ = part;
  stopped_ = stops_.write(text, may_stop_, last(part));
}

MOE_INLINE std::string& OutputText::last(TextPart part) {
  if (taken_ == count_) taken_ = count_ = 0;
  if (count_ == 0 || shown_[count_ - 1].part != part) {
    if (count_ == shown_.size()) shown_.emplace_back();
    shown_[count_].text.clear();
    shown_[count_++].part = part;
  }
  return shown_[count_ - 1].text;
}

}  // namespace moe::inline MOE_ABI::detail
