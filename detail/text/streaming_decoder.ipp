#pragma once
#include "streaming_decoder.hpp"

#include <cstddef>
#include <string>

namespace moe::inline MOE_ABI {

MOE_INLINE StreamingDecoder::StreamingDecoder(const Tokenizer& tokenizer, bool skip_special, bool continues)
    : tokenizer_(&tokenizer),
      skip_special_(skip_special),
      at_begin_(!continues && tokenizer.adds_text_space()),
      stream_(tokenizer.bpe()) {}

MOE_INLINE std::string StreamingDecoder::push(TokenId id) {
  std::string text;
  push(id, text);
  return text;
}

MOE_INLINE void StreamingDecoder::push(TokenId id, std::string& text) {
  const std::size_t before = text.size();
  if (!skip_special_ || !tokenizer_->is_special(id)) stream_.write(id, text);
  drop_space(text, before);
}

MOE_INLINE std::string StreamingDecoder::finish() {
  std::string text;
  stream_.finish(text);
  drop_space(text, 0);
  at_begin_ = tokenizer_->adds_text_space();
  return text;
}

MOE_INLINE void StreamingDecoder::drop_space(std::string& text, std::size_t from) {
  if (!at_begin_ || text.size() == from) return;
  at_begin_ = false;
  if (text[from] == ' ') text.erase(from, 1);
}

}  // namespace moe::inline MOE_ABI
