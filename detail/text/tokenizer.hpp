// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "token_stream.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

struct TokenizerParts;
struct TokenizerState;

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// Options of Tokenizer::encode().
struct EncodeOptions {
  bool add_special_tokens = true;  // the tokens that the tokenizer puts before and after every text
};

/// Turns text into tokens and back, with the same results as Hugging Face's tokenizers. All members are thread-safe. Copies
/// share the vocabulary.
class Tokenizer {
 public:
  /// `path`: a tokenizer.json, a GGUF file, or a directory that contains one of the following: tokenizer.json; vocab.json with
  /// merges.txt and tokenizer_config.json; a GGUF model. Throws if anything in these files is wrong or not supported.
  explicit Tokenizer(const std::string& path);

  /// Throws if the parts contradict each other.
  explicit Tokenizer(detail::TokenizerParts parts);

  /// The tokens of a text of less than 1 GiB. Invalid UTF-8 is encoded byte by byte.
  std::vector<TokenId> encode(std::string_view text, EncodeOptions options = {}) const;

  /// The text of tokens: their bytes, with one U+FFFD for each invalid part of UTF-8. In a SentencePiece vocabulary, a run
  /// of byte tokens such as `<0x0A>` becomes one U+FFFD per byte if the run as a whole is not valid UTF-8. Ids without
  /// a token are left out, and so are special tokens if `skip_special`.
  std::string decode(std::span<const TokenId> ids, bool skip_special = false) const;

  /// The vocabulary and the merges.
  const detail::Bpe& bpe() const;

  /// Whether decoding leaves out a space at the beginning of a text: a space that encoding puts there.
  bool adds_text_space() const { return left_out_at_begin() != detail::SpaceAtBegin::none; }

  /// Which spaces decoding leaves out at the start of a text.
  detail::SpaceAtBegin left_out_at_begin() const;

  /// Probable mistakes in the files of the tokenizer, and how each was read; one line each.
  const std::vector<std::string>& warnings() const;

  /// The bytes that a token writes, not always whole characters; empty if there is no such token.
  std::string_view bytes(TokenId id) const;

  /// Whether the token controls the model and is no part of the text.
  bool is_special(TokenId id) const;

  /// The added token with this content, or else the token of the vocabulary that writes this text.
  std::optional<TokenId> id_of(std::string_view text) const;

  /// The highest id plus one. Ids below this number may be without a token.
  std::size_t size() const;

 private:
  std::shared_ptr<const detail::TokenizerState> state_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "tokenizer.ipp"
#endif
