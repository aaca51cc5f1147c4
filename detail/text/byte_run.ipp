#pragma once
#include "byte_run.hpp"
#include "../core/utf8.hpp"

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void ByteRun::write(char byte, std::string& out) {
  held_ += byte;
  if (valid_) check();
  if (!valid_) replace_held(out);
}

MOE_INLINE void ByteRun::finish(std::string& out) {
  if (complete_ == held_.size()) {
    out += held_;
    held_.clear();
  }
  replace_held(out);
  valid_ = true;
}

MOE_INLINE void ByteRun::check() {
  const Utf8Step step = utf8_step(std::string_view(held_).substr(complete_));
  if (step.valid) complete_ = held_.size();
  valid_ = step.valid || step.truncated;
}

MOE_INLINE void ByteRun::replace_held(std::string& out) {
  for (std::size_t i = 0; i < held_.size(); ++i) append_utf8(out, 0xfffd);
  held_.clear();
  complete_ = 0;
}

}  // namespace moe::inline MOE_ABI::detail
