#pragma once
#include "byte_alphabet.hpp"
#include "../core/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
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

}  // namespace moe::inline MOE_ABI::detail
