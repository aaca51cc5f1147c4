// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../text/incremental_search.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Ends a text before the first occurrence of any of several strings. The text arrives in parts; an end of a part that may be
/// the beginning of a string is held back. For each string, takes time linear in the text. Not thread-safe.
class StopStrings {
 public:
  /// Throws if a string is empty, or is not UTF-8: texts are UTF-8, so such a string would never occur.
  explicit StopStrings(const std::vector<std::string>& strings);

  /// Appends the text before a string to `out`, except for an end of the text that may be the beginning of a string. Returns
  /// whether a string has ended the text: of strings that end at the same byte, the longest one. Strings that end while
  /// `may_stop` is false are text.
  bool write(std::string_view text, bool may_stop, std::string& out);

  /// Appends the text that is held back. A string that begins before this call and ends after it is not found.
  void finish(std::string& out);

  /// The string that ended the text; empty if there is none.
  const std::string& found() const { return found_; }

 private:
  /// Appends the text that is held back, except for its last `keep` bytes, and drops the appended text.
  void release(std::size_t keep, std::string& out);

  IncrementalSearch search_;
  std::string held_;          // the text from byte released_ on is held back
  std::size_t released_ = 0;  // bytes of held_ that were appended
  std::string found_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "stop_strings.ipp"
#endif
