// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// The first code point of a text in UTF-8, or the first invalid bytes.
struct Utf8Step {
  char32_t code_point;  // U+FFFD for invalid bytes
  std::size_t bytes;    // 1 to 4, at most the size of the text; invalid bytes: the longest prefix of a valid
                        // sequence, or 1 (maximal subpart, Unicode 3.9, as in the WHATWG encoding standard)
  bool valid;
  bool truncated;  // the text ends inside a sequence that is valid so far
};

/// utf8_step() for a text whose first byte is not ASCII.
Utf8Step utf8_multibyte_step(std::string_view text);

/// Decodes the first code point of `text`, which is not empty.
inline Utf8Step utf8_step(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1, true, false};
  return utf8_multibyte_step(text);
}

/// The number of ASCII bytes before the first byte that is not ASCII.
std::size_t ascii_prefix(std::string_view text);

/// The offset of the first invalid byte; text.size() if there is none.
std::size_t utf8_valid_prefix(std::string_view text);

/// Appends a code point (not a surrogate) as UTF-8.
void append_utf8(std::string& out, char32_t c);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "utf8.ipp"
#endif
