#pragma once
#include "../core/config.hpp"
#include "../io/json.hpp"
#include "tokenizer_parts.hpp"

#include <cstddef>
#include <cstring>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

// What tokenizer.json has around a model with byte_fallback, that of Llama 2 and Mixtral: SentencePiece in terms
// of Hugging Face's tokenizers.

void require_text(const Json& text, std::string_view expected);

/// A step that replaces one text by another.
void require_replacement(const Json& step, std::string_view from, std::string_view to);

/// Counts how often ▁ is put before a text, and is put for spaces.
struct MetaspaceSteps {
  std::size_t prepends = 0, replaces = 0;

  void read(const Json& normalizer);
};

/// Replace, ByteFallback, Fuse, and Strip if the normalizer puts something there to strip.
void require_sentence_piece_decoder(const Json& decoder, bool strips);

void read_sentence_piece(const Json& root, TokenizerParts& parts);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "sentence_piece_json.ipp"
#endif
