#pragma once
#include "utf8_stream.hpp"
#include "../core/utf8.hpp"

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void Utf8Stream::write(std::string_view bytes, std::string& out) {
  held_ += bytes;
  std::string_view rest = held_;
  while (!rest.empty()) {
    const std::size_t valid = utf8_valid_prefix(rest);
    out += rest.substr(0, valid);
    rest.remove_prefix(valid);
    if (rest.empty()) break;
    const Utf8Step step = utf8_step(rest);
    if (step.truncated) break;
    append_utf8(out, step.code_point);
    rest.remove_prefix(step.bytes);
  }
  held_.erase(0, held_.size() - rest.size());
}

MOE_INLINE void Utf8Stream::finish(std::string& out) {
  if (!held_.empty()) append_utf8(out, 0xfffd);
  held_.clear();
}

}  // namespace moe::inline MOE_ABI::detail
