#pragma once
#include "../core/utf8.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace moe::detail {

/// Bytes that stand in a row, each a token of its own. The run is text if it is valid UTF-8 as a whole; if it is not,
/// each byte becomes one U+FFFD. Source: the decoder ByteFallback of Hugging Face's tokenizers.
class ByteRun {
 public:
  /// Appends what is certain now: nothing as long as the run may be valid.
  void write(char byte, std::string& out) {
    held_ += byte;
    if (valid_) check();
    if (!valid_) replace_held(out);
  }

  /// Ends the run and appends what is left of it; another one may begin.
  void finish(std::string& out) {
    if (complete_ == held_.size()) {
      out += held_;
      held_.clear();
    }
    replace_held(out);
    valid_ = true;
  }

 private:
  void check() {
    const Utf8Step step = utf8_step(std::string_view(held_).substr(complete_));
    if (step.valid) complete_ = held_.size();
    valid_ = step.valid || step.truncated;
  }

  void replace_held(std::string& out) {
    for (std::size_t i = 0; i < held_.size(); ++i) append_utf8(out, 0xfffd);
    held_.clear();
    complete_ = 0;
  }

  std::string held_;          // the run so far, while it may be valid
  std::size_t complete_ = 0;  // how much of it is whole characters
  bool valid_ = true;         // so far
};

}  // namespace moe::detail
