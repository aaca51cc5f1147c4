#pragma once
#include "metaspace.hpp"

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void append_spaced(std::string& out, std::string_view text) {
  for (std::size_t at; (at = text.find(metaspace)) != text.npos; text.remove_prefix(at + metaspace.size())) {
    out += text.substr(0, at);
    out += ' ';
  }
  out += text;
}

}  // namespace moe::inline MOE_ABI::detail
