#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "../io/json.hpp"
#include "tokenizer_parts.hpp"

#include <cstring>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// An added token as tokenizer.json and tokenizer_config.json describe it.
AddedToken read_added_token(const Json& token, TokenId id);

TokenId read_id(const Json& id);

std::vector<AddedToken> read_added_tokens(const Json& tokens);

/// Whether it is NFC; the alternative is none at all.
bool read_normalizer(const Json& normalizer);

/// The regular expression of a Split.
Json read_split(const Json& split);

/// By itself it splits the text as well, as GPT-2 does; behind Splits it does not.
void read_byte_level(const Json& level, bool alone, TokenizerParts& parts);

void read_pre_tokenizer(const Json& pre_tokenizer, TokenizerParts& parts);

/// What stands around a byte-level model.
void read_byte_level_steps(const Json& root, TokenizerParts& parts);

/// The special tokens that stand before and after every text. What stands around two texts is of no use here.
void read_template(const Json& processor, TokenizerParts& parts);

void read_post_processor(const Json& processor, TokenizerParts& parts);

/// The token for symbols that are not in the vocabulary. It need not exist where there are no such symbols.
void read_unknown_token(const Json& token, TokenizerParts& parts);

void read_model(const Json& model, TokenizerParts& parts);

/// Reads a tokenizer.json, the format of Hugging Face's tokenizers, as far as byte-level BPE uses it, or that of
/// SentencePiece. What else would change the tokens is refused; `truncation` and `padding` are ignored, as transformers
/// does.
TokenizerParts read_tokenizer_json(const std::string& path);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "tokenizer_json.ipp"
#endif
