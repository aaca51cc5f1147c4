#pragma once
#include "../core/token.hpp"
#include "token_stream.hpp"
#include "tokenizer.hpp"

#include <cstddef>
#include <string>

namespace moe {

/// Decodes tokens as they come and never gives out half a character. All that it gives out, in a row, is what
/// Tokenizer::decode makes of the same tokens.
class StreamingDecoder {
 public:
  /// `tokenizer` must outlive the decoder. `continues`: the tokens come behind others, so that a space which they begin
  /// with is part of the text, whatever the tokenizer does at the beginning of texts.
  explicit StreamingDecoder(const Tokenizer& tokenizer, bool skip_special = false, bool continues = false)
      : tokenizer_(&tokenizer),
        skip_special_(skip_special),
        at_begin_(!continues && tokenizer.adds_text_space()),
        stream_(tokenizer.bpe()) {}

  /// The text that is complete with this token; may be empty. A run of tokens `<0x0A>` of SentencePiece waits for its
  /// end, which decides whether it is text.
  std::string push(TokenId id) {
    std::string text;
    push(id, text);
    return text;
  }

  /// The same, written behind `text`.
  void push(TokenId id, std::string& text) {
    const std::size_t before = text.size();
    if (!skip_special_ || !tokenizer_->is_special(id)) stream_.write(id, text);
    drop_space(text, before);
  }

  /// What is left when no more tokens come, such as U+FFFD for the beginning of a character. The next text
  /// may begin after that.
  std::string finish() {
    std::string text;
    stream_.finish(text);
    drop_space(text, 0);
    at_begin_ = tokenizer_->adds_text_space();
    return text;
  }

 private:
  void drop_space(std::string& text, std::size_t from) {
    if (!at_begin_ || text.size() == from) return;
    at_begin_ = false;
    if (text[from] == ' ') text.erase(from, 1);
  }

  const Tokenizer* tokenizer_;
  bool skip_special_, at_begin_;
  detail::TokenStream stream_;
};

}  // namespace moe
