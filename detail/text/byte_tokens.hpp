#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "vocabulary.hpp"

#include <array>
#include <cstring>
#include <optional>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// [bytes]: the tokens <0x00> to <0xFF>, in which SentencePiece spells characters that are no token.
using ByteTokens = std::array<std::optional<TokenId>, 256>;

inline constexpr int no_byte = -1;

/// The byte that a token named `<0x0A>` stands for; no_byte if it is named otherwise.
int byte_of_token(std::string_view text);

/// Adds the token of a byte, which no text becomes. Adds nothing and returns false if the id or the byte is taken.
bool add_byte_token(Vocabulary& vocabulary, ByteTokens& tokens, TokenId id, int byte);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "byte_tokens.ipp"
#endif
