#pragma once
#include "byte_tokens.hpp"

#include <cstddef>
#include <cstring>
#include <optional>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE int byte_of_token(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return no_byte;
  const std::size_t high = digits.find(text[3]), low = digits.find(text[4]);
  if (high == digits.npos || low == digits.npos) return no_byte;
  return static_cast<int>(16 * high + low);
}

MOE_INLINE bool add_byte_token(Vocabulary& vocabulary, ByteTokens& tokens, TokenId id, int byte) {
  std::optional<TokenId>& token = tokens[static_cast<std::size_t>(byte)];
  const char c = static_cast<char>(static_cast<unsigned char>(byte));
  if (token || !vocabulary.add_apart(id, std::string_view(&c, 1))) return false;
  token = id;
  return true;
}

}  // namespace moe::inline MOE_ABI::detail
