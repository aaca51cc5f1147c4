#pragma once
#include "../core/utf8.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace moe::detail {

/// Makes valid UTF-8 of bytes that come in parts: each maximal invalid part becomes one U+FFFD (the rule of
/// WHATWG and of Rust), and the beginning of a character waits for its end.
class Utf8Stream {
 public:
  /// Appends what is certain now.
  void write(std::string_view bytes, std::string& out) {
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

  /// Appends what is left: one U+FFFD for the beginning of a character, if there is one.
  void finish(std::string& out) {
    if (!held_.empty()) append_utf8(out, 0xfffd);
    held_.clear();
  }

 private:
  std::string held_;  // between calls: at most 3 bytes, valid so far
};

}  // namespace moe::detail
