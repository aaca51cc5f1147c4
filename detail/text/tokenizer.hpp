#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "added_vocabulary.hpp"
#include "bpe.hpp"
#include "tokenizer_files.hpp"
#include "tokenizer_parts.hpp"

#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI {

struct EncodeOptions {
  bool add_special_tokens = true;  // those that the tokenizer puts around every text
};

/// Turns text into tokens and back, as Hugging Face's tokenizers do. All members are thread-safe.
class Tokenizer {
 public:
  /// `path`: a tokenizer.json; or a checkpoint: a GGUF file, or a directory that holds tokenizer.json, or vocab.json,
  /// merges.txt and tokenizer_config.json, or a GGUF model. Throws if anything in these files is wrong, or unknown to this library.
  explicit Tokenizer(const std::string& path) : Tokenizer(detail::read_tokenizer(path)) {}

  /// Throws if the parts contradict each other.
  explicit Tokenizer(detail::TokenizerParts parts);

  /// The tokens of a text of less than 1 GiB. What is not valid UTF-8 in it is encoded byte by byte.
  std::vector<TokenId> encode(std::string_view text, EncodeOptions options = {}) const;

  /// The text that tokens write: their bytes, with one U+FFFD for each part that is not valid UTF-8; with SentencePiece,
  /// one for each byte of a run of tokens `<0x0A>` that is not. Ids without a token are left out, and so are special
  /// tokens if `skip_special`.
  std::string decode(std::span<const TokenId> ids, bool skip_special = false) const;

  const detail::Bpe& bpe() const { return bpe_; }

  /// Whether every text is encoded with a space before it, which decoding takes away again.
  bool adds_text_space() const { return add_text_space_; }

  /// The bytes that a token writes, not always whole characters; none if there is no such token.
  std::string_view bytes(TokenId id) const { return bpe_.vocabulary().bytes(id); }

  /// Whether the token controls the model and is no part of what it says.
  bool is_special(TokenId id) const { return added_.is_special(id); }

  /// The added token of that content, or else the token of the vocabulary that writes it.
  std::optional<TokenId> id_of(std::string_view text) const;

  /// The highest id plus one. Some ids below it may be without a token.
  std::size_t size() const { return bpe_.vocabulary().size(); }

 private:
  /// Appends the normalized part and returns it. A text becomes at most three times as long (annex 15 of Unicode).
  static std::string_view append_nfc(std::string_view part, std::size_t text_size, std::string& out);

  /// Appends the part as SentencePiece sees it, and returns it: a space before it, and the same for a space as for
  /// a ▁. Each is longer by one byte at most, so that twice the text is enough for all parts.
  std::string_view append_metaspaced(std::string_view part, std::size_t text_size, std::string& out) const;

  void require_token(TokenId id, std::string_view name, std::string_view place) const;

  detail::AddedVocabulary added_;
  detail::Bpe bpe_;
  const detail::SplitPattern* pattern_;
  bool nfc_, add_prefix_space_, add_text_space_;
  std::vector<TokenId> prefix_, suffix_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "tokenizer.ipp"
#endif
