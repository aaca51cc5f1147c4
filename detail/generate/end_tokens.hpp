// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "../io/checkpoint.hpp"
#include "../spec/model_spec.hpp"
#include "../text/tokenizer.hpp"
#include "../text/turn_format.hpp"

#include <vector>

namespace moe::inline MOE_ABI {

/// A token that ends a text, and the source that names this token.
struct EndToken {
  /// The place that names the token.
  enum class Source {
    generation_config,  // eos_token_id in generation_config.json
    config,  // eos_token_id in config.json; the ends of texts, turns and messages in the metadata of GGUF files
    tokenizer,  // eos_token in tokenizer_config.json or special_tokens_map.json; known texts of control tokens in GGUF files
    chat_template,  // the chat template, which writes the token after an assistant's turn
  };

  TokenId id;     // as the source states it; not compared with the size of the vocabulary
  Source source;  // the first of the sources that name the token
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// The tokens that end any text of a model, each with the first of its sources. `tokenizer` may be null. In the harmony format
/// and in Solar, <|end|> ends a message but not a text, so it is left out: a vocabulary is harmony's if it has <|return|> and
/// <|call|>, and Solar's if it has <|flush|> and <|calls|>. Throws if eos_token_id in generation_config.json is no list of ids,
/// or if a file of the tokenizer is malformed.
std::vector<EndToken> find_end_tokens(const Checkpoint& checkpoint, const ModelSpec& spec,
                                      const Tokenizer* tokenizer);

/// The tokens that end an assistant's turn: `ends` and the tokens that the template writes after a turn, without the tokens
/// that the template writes between the reasoning and the answer of one turn.
///
/// A template writes one text after a turn at the end of a conversation, and another text after a turn before the next message.
/// Only control tokens can end a turn, except those that the template writes within a turn: between reasoning and answer or,
/// for the end of a call of a tool, between two calls. Candidates are such tokens in the common beginning of both texts, except
/// tokens of the generation prompt. The last candidate ends a turn; without a generation prompt, the first candidate ends a
/// turn, since later ones may belong to the next message. If there are no candidates, the first such token after the common
/// beginning, in each of the two texts, ends a turn: GLM ends a turn with the beginning of the next turn.
std::vector<EndToken> turn_end_tokens(std::vector<EndToken> ends, const TurnFormat& format,
                                      const Tokenizer& tokenizer);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "end_tokens.ipp"
#endif
