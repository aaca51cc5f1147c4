#pragma once
#include "config.hpp"

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// One step through UTF-8: a code point and the bytes it takes, or an invalid part. Never longer than the text.
struct Utf8Step {
  char32_t code_point;  // U+FFFD for an invalid part
  std::size_t
      bytes;  // 1 to 4; of an invalid part, the longest start of a valid sequence (the WHATWG and Rust rule)
  bool valid;
  bool truncated;  // the text ends inside a sequence that is valid so far
};

/// Decodes what stands at the front of `text`, which is not empty.
Utf8Step utf8_step(std::string_view text);

/// The number of bytes at the front of `text` that are ASCII.
std::size_t ascii_prefix(std::string_view text);

/// The offset of the first invalid byte; text.size() if there is none.
std::size_t utf8_valid_prefix(std::string_view text);

/// Appends a code point (not a surrogate) as UTF-8.
void append_utf8(std::string& out, char32_t c);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "utf8.ipp"
#endif
