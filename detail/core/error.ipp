// SPDX-License-Identifier: MIT
#pragma once
#include "error.hpp"
#include "concat.hpp"
#include "utf8.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Utf8Step step = utf8_step(text);
    const bool is_control = step.code_point < 0x20 || (step.code_point >= 0x7f && step.code_point < 0xa0);
    if (step.valid && !is_control) {
      out += text.substr(0, step.bytes);
    } else {
      constexpr std::string_view digits = "0123456789abcdef";
      for (const char c : text.substr(0, step.bytes))
        out += {'\\', 'x', digits[static_cast<unsigned char>(c) >> 4],
                digits[static_cast<unsigned char>(c) & 15]};
    }
    text.remove_prefix(step.bytes);
  }
  return out;
}

MOE_INLINE std::string shortened(std::string_view text) {
  constexpr std::size_t most = 500;
  if (text.size() <= most) return std::string(text);
  std::size_t end = most;
  // The cut must not be inside a character: at most three continuation bytes follow the first byte of a character.
  while (end > most - 4 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return concat(text.substr(0, end), "... (", text.size(), " bytes)");
}

MOE_INLINE void fail(std::string_view file, std::string_view place, std::string_view expected,
                     std::string_view found) {
  throw Error(printable(concat(file, ": ", shortened(place), ": expected ", shortened(expected), ", found ",
                               shortened(found))));
}

MOE_INLINE void fail(std::string_view file, std::string_view place, std::string_view message) {
  throw Error(printable(concat(file, ": ", shortened(place), ": ", shortened(message))));
}

MOE_INLINE void expect(bool condition, std::string_view file, std::string_view place,
                       std::string_view expected, std::string_view found) {
  if (!condition) fail(file, place, expected, found);
}

}  // namespace moe::inline MOE_ABI::detail
