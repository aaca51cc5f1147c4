#pragma once
#include "../core/config.hpp"

#include <cstring>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// Makes valid UTF-8 of bytes that come in parts: each maximal invalid part becomes one U+FFFD (the rule of
/// WHATWG and of Rust), and the beginning of a character waits for its end.
class Utf8Stream {
 public:
  /// Appends what is certain now.
  void write(std::string_view bytes, std::string& out);

  /// Appends what is left: one U+FFFD for the beginning of a character, if there is one.
  void finish(std::string& out);

 private:
  std::string held_;  // between calls: at most 3 bytes, valid so far
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "utf8_stream.ipp"
#endif
