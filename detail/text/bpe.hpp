// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "merge_table.hpp"
#include "vocabulary.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

struct BpeOptions {
  // Stands for a symbol that is no token. Without it, such symbols are dropped.
  std::optional<TokenId> unknown = {};
  bool fuse_unknown = false;   // a run of symbols that are no tokens becomes one `unknown`
  bool ignore_merges = false;  // a piece that is a token as a whole becomes that token
};

/// The scores of a SentencePiece vocabulary, in place of merges.
struct TokenScores {
  std::vector<std::uint32_t> ranks;  // [ids]; the best score has the lowest rank
};

/// The data of byte-pair encoding: a piece of text is spelled in symbols; then the two neighbours whose merge has the lowest
/// rank are merged, the leftmost two among equal ranks, until no neighbours merge.
/// Byte-level: symbols are bytes, and merges are listed.
/// SentencePiece: symbols are characters. With listed merges, characters that are no tokens are spelled in byte tokens before
/// merging. With scores, two symbols merge if their bytes together are a token, and characters are spelled after merging.
/// Source: Sennrich et al. 2016 (arXiv 1508.07909), as in Hugging Face's tokenizers and in SentencePiece.
class Bpe {
 public:
  /// Byte-level.
  Bpe(Vocabulary vocabulary, MergeTable merges, BpeOptions options);

  /// SentencePiece. `scores` have a rank for every token, or are empty if there are merges.
  Bpe(Vocabulary vocabulary, MergeTable merges, TokenScores scores, ByteTokens bytes, BpeOptions options);

  const Vocabulary& vocabulary() const { return vocabulary_; }
  const MergeTable& merges() const { return merges_; }
  const BpeOptions& options() const { return options_; }

  /// Whether symbols are characters, not bytes.
  bool spells_characters() const { return spells_characters_; }

  /// Whether tokens have scores, and merges are not listed.
  bool has_scores() const { return !ranks_.empty(); }

  /// With scores: the merge of two symbols that write these bytes together; its rank is `never` if they do not merge.
  Merge merge_into(std::string_view bytes) const {
    const std::optional<TokenId> whole = vocabulary_.find(bytes);
    return whole ? Merge{ranks_[*whole], *whole} : Merge{};
  }

  /// The token of a single byte.
  std::optional<TokenId> token_of(char byte) const { return spelling_[static_cast<unsigned char>(byte)]; }

 private:
  Vocabulary vocabulary_;
  MergeTable merges_;
  BpeOptions options_;
  std::vector<std::uint32_t> ranks_;
  ByteTokens spelling_;
  bool spells_characters_ = false;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "bpe.ipp"
#endif
