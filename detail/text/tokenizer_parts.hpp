// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "added_tokens.hpp"
#include "bpe.hpp"
#include "merge_table.hpp"
#include "split_step.hpp"
#include "token_stream.hpp"
#include "vocabulary.hpp"

#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Everything that the files of a tokenizer say, whatever the format of the files.
struct TokenizerParts {
  std::string name;  // of the file, for errors
  Vocabulary vocabulary;
  MergeTable merges;
  TokenScores scores;           // SentencePiece: in place of merges
  ByteTokens byte_tokens = {};  // SentencePiece, with scores or merges
  BpeOptions bpe;
  std::vector<AddedToken> added_tokens;
  bool nfc = false;             // texts are normalized first
  PreTokenizer pre;             // cuts texts into pieces
  bool add_text_space = false;  // SentencePiece: puts a space before each text between added tokens
  bool late_spaces = false;     // SentencePiece: added tokens are searched for before spaces become ▁
  SpaceAtBegin left_out_at_begin = SpaceAtBegin::none;  // SentencePiece
  std::vector<std::string> warnings;                    // mistakes in the files
  std::vector<TokenId> prefix, suffix;                  // special tokens before and after every text
};

}  // namespace moe::inline MOE_ABI::detail
