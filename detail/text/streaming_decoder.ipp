// SPDX-License-Identifier: MIT
#pragma once
#include "streaming_decoder.hpp"

#include <cstddef>
#include <string>

namespace moe::inline MOE_ABI {

MOE_INLINE StreamingDecoder::StreamingDecoder(const Tokenizer& tokenizer, bool skip_special, bool continues)
    : tokenizer_(&tokenizer),
      skip_special_(skip_special),
      stream_(tokenizer.bpe(), tokenizer.left_out_at_begin(), continues) {}

MOE_INLINE std::string StreamingDecoder::push(TokenId id) {
  std::string text;
  push(id, text);
  return text;
}

MOE_INLINE void StreamingDecoder::push(TokenId id, std::string& text) {
  if (!skip_special_ || !tokenizer_->is_special(id)) stream_.write(id, text);
}

MOE_INLINE std::string StreamingDecoder::finish() {
  std::string text;
  stream_.finish(text);
  return text;
}

}  // namespace moe::inline MOE_ABI
