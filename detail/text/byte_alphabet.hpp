#pragma once
#include "../core/config.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// The alphabet that byte-level vocabularies are written in: one printable character for each byte. Bytes
/// that are printable in Latin-1 stand for themselves, the other 68 for U+0100, U+0101 and so on, in order;
/// so a space is written Ġ and a line feed Ċ.
/// Source: bytes_to_unicode in the code of GPT-2.
struct ByteAlphabet {
  static constexpr std::size_t end = 0x100 + 68;  // after the last character
  static constexpr std::int16_t none = -1;

  std::array<std::uint16_t, 256> character;
  std::array<std::int16_t, end> byte;  // none for a character that is not of the alphabet
};

inline constexpr ByteAlphabet byte_alphabet = [] {
  ByteAlphabet alphabet{};
  alphabet.byte.fill(ByteAlphabet::none);
  std::uint16_t next = 0x100;
  for (std::uint16_t b = 0; b < 256; ++b) {
    const bool printable = (b > 0x20 && b < 0x7f) || (b > 0xa0 && b != 0xad);
    const std::uint16_t c = printable ? b : next++;
    alphabet.character[b] = c;
    alphabet.byte[c] = static_cast<std::int16_t>(b);
  }
  return alphabet;
}();

/// Appends the bytes that `text` writes in the alphabet; appends nothing and returns false if a character is
/// not of it.
bool append_bytes(std::string& out, std::string_view text);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "byte_alphabet.ipp"
#endif
