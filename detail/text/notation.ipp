// SPDX-License-Identifier: MIT
#pragma once
#include "notation.hpp"
#include "../core/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE bool append_bytes(std::string& out, std::string_view text) {
  const std::size_t before = out.size();
  while (!text.empty()) {
    const Utf8Step step = utf8_step(text);
    const std::int16_t byte =
        step.code_point < ByteAlphabet::end ? byte_alphabet.byte[step.code_point] : ByteAlphabet::none;
    if (byte == ByteAlphabet::none) {
      out.resize(before);
      return false;
    }
    out += static_cast<char>(static_cast<unsigned char>(byte));
    text.remove_prefix(step.bytes);
  }
  return true;
}

MOE_INLINE std::string in_byte_alphabet(std::string_view text) {
  std::string out;
  for (const char c : text) append_utf8(out, byte_alphabet.character[static_cast<unsigned char>(c)]);
  return out;
}

MOE_INLINE void append_spaced(std::string& out, std::string_view text) {
  for (std::size_t at; (at = text.find(metaspace)) != text.npos; text.remove_prefix(at + metaspace.size())) {
    out += text.substr(0, at);
    out += ' ';
  }
  out += text;
}

inline constexpr std::string_view hex_digits = "0123456789ABCDEF";

MOE_INLINE int byte_of_token(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return no_byte;
  const std::size_t high = hex_digits.find(text[3]), low = hex_digits.find(text[4]);
  if (high == hex_digits.npos || low == hex_digits.npos) return no_byte;
  return static_cast<int>(16 * high + low);
}

MOE_INLINE std::string token_of_byte(int byte) {
  const auto value = static_cast<std::size_t>(byte);
  return {'<', '0', 'x', hex_digits[value / 16], hex_digits[value % 16], '>'};
}

}  // namespace moe::inline MOE_ABI::detail
