#pragma once
#include "../core/token.hpp"
#include "vocabulary.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace moe {

/// [bytes]: the tokens <0x00> to <0xFF>, in which SentencePiece spells characters that are no token.
using ByteTokens = std::array<std::optional<TokenId>, 256>;

namespace detail {

inline constexpr int no_byte = -1;

/// The byte that a token named `<0x0A>` stands for; no_byte if it is named otherwise.
inline int byte_of_token(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return no_byte;
  const std::size_t high = digits.find(text[3]), low = digits.find(text[4]);
  if (high == digits.npos || low == digits.npos) return no_byte;
  return static_cast<int>(16 * high + low);
}

/// Adds the token of a byte, which no text becomes. Adds nothing and returns false if the id or the byte is taken.
inline bool add_byte_token(Vocabulary& vocabulary, ByteTokens& tokens, TokenId id, int byte) {
  std::optional<TokenId>& token = tokens[static_cast<std::size_t>(byte)];
  const char c = static_cast<char>(static_cast<unsigned char>(byte));
  if (token || !vocabulary.add_apart(id, std::string_view(&c, 1))) return false;
  token = id;
  return true;
}

}  // namespace detail
}  // namespace moe
