// SPDX-License-Identifier: MIT
#pragma once
#include "stop_strings.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../core/utf8.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE StopStrings::StopStrings(const std::vector<std::string>& strings) : search_(strings) {
  for (std::size_t i = 0; i < strings.size(); ++i) {
    const std::string place = concat("stop_strings[", i, ']');
    expect(!strings[i].empty(), "generate options", place, "a text", "an empty text");
    expect(utf8_valid_prefix(strings[i]) == strings[i].size(), "generate options", place, "UTF-8",
           "other bytes");
  }
}

MOE_INLINE bool StopStrings::write(std::string_view text, bool may_stop, std::string& out) {
  if (search_.empty()) {
    out += text;
    return false;
  }
  for (const char byte : text) {
    held_ += byte;
    const std::optional<std::size_t> found = search_.step(byte);
    if (found && may_stop) {
      found_ = search_.text(*found);
      release(found_.size(), out);
      return true;
    }
    release(search_.held(), out);
  }
  return false;
}

MOE_INLINE void StopStrings::finish(std::string& out) {
  release(0, out);
  search_.reset();
}

MOE_INLINE void StopStrings::release(std::size_t keep, std::string& out) {
  const std::size_t end = held_.size() - keep;
  out.append(held_, released_, end - released_);
  released_ = end;
  // An erasure moves fewer bytes than it removes, so all erasures together take linear time.
  if (released_ <= keep) return;
  held_.erase(0, released_);
  released_ = 0;
}

}  // namespace moe::inline MOE_ABI::detail
