// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "added_vocabulary.hpp"
#include "bpe.hpp"
#include "split_step.hpp"
#include "token_stream.hpp"
#include "tokenizer_parts.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The data of a Tokenizer.
struct TokenizerState {
  /// Throws if the parts contradict each other.
  explicit TokenizerState(TokenizerParts parts);

  /// The part with a space in place of each ▁, and with a further space at the start if normalization.add_text_space is set.
  std::string metaspaced(std::string_view part) const;

  Normalization normalization;
  AddedVocabulary added;
  Bpe bpe;
  PreTokenizer pre;
  SpaceAtBegin left_out_at_begin;
  std::vector<std::string> warnings;
  std::vector<TokenId> prefix, suffix;  // special tokens before and after every text
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "tokenizer_state.ipp"
#endif
