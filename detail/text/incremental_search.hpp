// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Searches for several texts in a text that arrives byte by byte: the algorithm of Knuth, Morris and Pratt for each of the
/// texts. O(texts) amortised per byte, whatever the texts are. Not thread-safe.
class IncrementalSearch {
 public:
  /// No text is empty.
  explicit IncrementalSearch(std::vector<std::string> texts = {});

  bool empty() const { return searches_.empty(); }

  /// Reads the next byte. Returns the index of the longest text that ends with this byte; nothing if no text ends here.
  std::optional<std::size_t> step(char byte);

  /// The size of the longest suffix of the bytes read so far that is a proper prefix of one of the texts.
  std::size_t held() const;

  const std::string& text(std::size_t index) const { return searches_[index].text; }

  /// Forgets the bytes read so far: the next byte is the first byte of a new input.
  void reset();

 private:
  struct Search {
    std::string text;
    /// [size + 1] For each prefix of the text: the size of the longest shorter prefix that is also a suffix of this prefix.
    std::vector<std::size_t> borders;
    /// The size of the longest prefix of the text that is a suffix of the bytes read so far; less than the size of the text.
    std::size_t matched = 0;
    bool step(char byte);
  };

  std::vector<Search> searches_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "incremental_search.ipp"
#endif
