// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "token_stream.hpp"
#include "tokenizer.hpp"

#include <cstddef>
#include <string>

namespace moe::inline MOE_ABI {

/// Decodes tokens as they arrive, and never returns an incomplete character. The returned texts, put together, are the result
/// of Tokenizer::decode() for the same tokens. Not thread-safe.
class StreamingDecoder {
 public:
  /// `tokenizer` must outlive the decoder. `skip_special`: leave special tokens out. `continues`: the tokens follow other
  /// tokens, so a leading space is part of the text, even if the tokenizer adds a space at the start of texts.
  explicit StreamingDecoder(const Tokenizer& tokenizer, bool skip_special = false, bool continues = false);

  /// The text that is complete with this token; may be empty. A run of SentencePiece's byte tokens, such as `<0x0A>`, is held
  /// back up to the end of the run, because only the whole run shows whether the bytes are valid UTF-8.
  std::string push(TokenId id);

  /// As above, but appends to `text`.
  void push(TokenId id, std::string& text);

  /// The rest of the text when no more tokens come, such as U+FFFD for an incomplete character. push() then begins a new text.
  std::string finish();

 private:
  const Tokenizer* tokenizer_;
  bool skip_special_;
  detail::TokenStream stream_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "streaming_decoder.ipp"
#endif
