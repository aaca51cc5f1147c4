#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "added_tokens.hpp"
#include "bpe.hpp"
#include "merge_table.hpp"
#include "pre_tokenizer.hpp"
#include "vocabulary.hpp"

#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// What a tokenizer is made of, whatever file it comes from.
struct TokenizerParts {
  std::string name;  // of the file, for errors
  Vocabulary vocabulary;
  MergeTable merges;
  TokenScores scores;           // of a SentencePiece vocabulary, in place of merges
  ByteTokens byte_tokens = {};  // the same, with scores or merges
  BpeOptions bpe;
  std::vector<AddedToken> added_tokens;
  bool nfc = false;                       // normalize the text first
  const SplitPattern* pattern = nullptr;  // how to cut the text into pieces
  bool add_prefix_space = false;          // put a space before each piece that does not begin with one
  bool add_text_space = false;            // SentencePiece: put a space before each text between added tokens
  std::vector<TokenId> prefix, suffix;    // special tokens around every text
};

}  // namespace moe::inline MOE_ABI::detail
