#pragma once
#include "../core/token.hpp"
#include "tokenizer.hpp"
#include "utf8_stream.hpp"

#include <string>

namespace moe {

/// Decodes tokens as they come and never gives out half a character. All that it gives out, in a row, is what
/// Tokenizer::decode makes of the same tokens.
class StreamingDecoder {
 public:
  /// `tokenizer` must outlive the decoder.
  explicit StreamingDecoder(const Tokenizer& tokenizer, bool skip_special = false)
      : tokenizer_(&tokenizer), skip_special_(skip_special) {}

  /// The text that is complete with this token; may be empty.
  std::string push(TokenId id) {
    std::string text;
    if (!skip_special_ || !tokenizer_->is_special(id)) stream_.write(tokenizer_->bytes(id), text);
    return text;
  }

  /// What is left when no more tokens come: U+FFFD for the beginning of a character. The next text
  /// may begin after that.
  std::string finish() {
    std::string text;
    stream_.finish(text);
    return text;
  }

 private:
  const Tokenizer* tokenizer_;
  bool skip_special_;
  detail::Utf8Stream stream_;
};

}  // namespace moe
