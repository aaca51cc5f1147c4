// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// How files write tokens.
/// byte_level: one character for each byte (see ByteAlphabet), `Ġthe` for " the". A token with other characters, such as
/// `<｜User｜>`, stands for its own UTF-8 bytes: it is decoded, but merging never makes it.
/// sentence_piece: as text with ▁ in place of spaces. A token with a real space is decoded, but merging never makes it.
enum class Notation { byte_level, sentence_piece };

/// The alphabet of byte-level vocabularies: one printable character for each byte. The printable bytes of Latin-1 stand for
/// themselves, the other 68 for U+0100, U+0101 and so on, in order: a space is written Ġ, a line feed Ċ.
/// Source: bytes_to_unicode in the code of GPT-2.
struct ByteAlphabet {
  static constexpr std::size_t end = 0x100 + 68;  // after the last character
  static constexpr std::int16_t none = -1;

  std::array<std::uint16_t, 256> character;
  std::array<std::int16_t, end> byte;  // none for a character outside the alphabet
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

/// Appends the byte of each character of `text`. Appends nothing and returns false if `text` has a character outside the
/// alphabet.
bool append_bytes(std::string& out, std::string_view text);

/// The bytes of `text`, each as its character of the alphabet.
std::string in_byte_alphabet(std::string_view text);

/// The character that SentencePiece writes for a space: ▁ (U+2581).
inline constexpr std::string_view metaspace = "\xe2\x96\x81";

/// Appends `text` with a space in place of every ▁.
void append_spaced(std::string& out, std::string_view text);

inline constexpr int no_byte = -1;

/// The byte that SentencePiece's token `<0x0A>` stands for; no_byte for a token of another form.
int byte_of_token(std::string_view text);

/// SentencePiece's token for the byte: `<0x0A>`.
std::string token_of_byte(int byte);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "notation.ipp"
#endif
