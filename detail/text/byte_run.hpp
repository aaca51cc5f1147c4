#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <cstring>
#include <string>

namespace moe::inline MOE_ABI::detail {

/// Bytes that stand in a row, each a token of its own. The run is text if it is valid UTF-8 as a whole; if it is not,
/// each byte becomes one U+FFFD. Source: the decoder ByteFallback of Hugging Face's tokenizers.
class ByteRun {
 public:
  /// Appends what is certain now: nothing as long as the run may be valid.
  void write(char byte, std::string& out);

  /// Ends the run and appends what is left of it; another one may begin.
  void finish(std::string& out);

 private:
  void check();

  void replace_held(std::string& out);

  std::string held_;          // the run so far, while it may be valid
  std::size_t complete_ = 0;  // how much of it is whole characters
  bool valid_ = true;         // so far
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "byte_run.ipp"
#endif
