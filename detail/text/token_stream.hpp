// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

class Bpe;

/// Turns bytes that arrive in parts into valid UTF-8: each maximal invalid part becomes one U+FFFD (the rule of WHATWG and of
/// Rust), and an incomplete character waits for its remaining bytes.
class Utf8Stream {
 public:
  /// Appends the text that later bytes cannot change.
  void write(std::string_view bytes, std::string& out);

  /// Appends one U+FFFD if an incomplete character is left.
  void finish(std::string& out);

 private:
  std::string held_;  // between calls: an incomplete character, at most 3 bytes
};

/// A run of tokens that are single bytes. The run is text if it is valid UTF-8 as a whole; otherwise each byte becomes one
/// U+FFFD. Source: the decoder ByteFallback of Hugging Face's tokenizers.
class ByteRun {
 public:
  /// Appends the text that later bytes cannot change: nothing as long as the run may be valid, because a later invalid byte
  /// turns every byte of the run into U+FFFD.
  void write(char byte, std::string& out);

  /// Ends the run and appends the rest of the run. Another run may begin.
  void finish(std::string& out);

 private:
  void check();

  void replace_held(std::string& out);

  std::string held_;          // the run so far, as long as it may be valid
  std::size_t complete_ = 0;  // the bytes of held_ in whole characters
  bool valid_ = true;         // so far
};

/// The characters that decoding leaves out at the start of a text.
enum class SpaceAtBegin {
  none,
  one,             // a space
  of_first_token,  // all spaces of the first token, as the decoder Metaspace of Hugging Face's tokenizers
};

/// Turns tokens that arrive one by one into valid UTF-8. The bytes of one character may be spread over several
/// byte-level tokens of any size; in a SentencePiece vocabulary, only over tokens of single bytes.
class TokenStream {
 public:
  /// `bpe` must outlive the stream. `continues`: the tokens follow other tokens, so nothing is left out at the start.
  explicit TokenStream(const Bpe& bpe, SpaceAtBegin left_out = SpaceAtBegin::none, bool continues = false)
      : bpe_(&bpe), left_out_(left_out), at_begin_(!continues) {}

  /// Appends the text that later tokens cannot change. Ids without a token write nothing.
  void write(TokenId id, std::string& out);

  /// Appends the rest when no more tokens come. Another text may begin.
  void finish(std::string& out);

 private:
  void write_token(TokenId id, std::string& out);

  /// If the part of `out` from `from` on is the start of the text, removes the spaces that `left_out_` names from this part.
  void strip(std::string& out, std::size_t from);

  const Bpe* bpe_;
  SpaceAtBegin left_out_;
  bool at_begin_;
  Utf8Stream utf8_;
  ByteRun run_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "token_stream.ipp"
#endif
