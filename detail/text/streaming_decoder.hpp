#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "token_stream.hpp"
#include "tokenizer.hpp"

#include <cstddef>
#include <cstring>
#include <string>

namespace moe::inline MOE_ABI {

/// Decodes tokens as they come and never gives out half a character. All that it gives out, in a row, is what
/// Tokenizer::decode makes of the same tokens.
class StreamingDecoder {
 public:
  /// `tokenizer` must outlive the decoder. `continues`: the tokens come behind others, so that a space which they begin
  /// with is part of the text, whatever the tokenizer does at the beginning of texts.
  explicit StreamingDecoder(const Tokenizer& tokenizer, bool skip_special = false, bool continues = false);

  /// The text that is complete with this token; may be empty. A run of tokens `<0x0A>` of SentencePiece waits for its
  /// end, which decides whether it is text.
  std::string push(TokenId id);

  /// The same, written behind `text`.
  void push(TokenId id, std::string& text);

  /// What is left when no more tokens come, such as U+FFFD for the beginning of a character. The next text
  /// may begin after that.
  std::string finish();

 private:
  void drop_space(std::string& text, std::size_t from);

  const Tokenizer* tokenizer_;
  bool skip_special_, at_begin_;
  detail::TokenStream stream_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "streaming_decoder.ipp"
#endif
