// SPDX-License-Identifier: MIT
#pragma once
#include "incremental_search.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE IncrementalSearch::IncrementalSearch(std::vector<std::string> texts) {
  for (std::string& text : texts) {
    Search& search = searches_.emplace_back(Search{.text = std::move(text), .borders = {0, 0}});
    const std::size_t size = search.text.size();
    for (std::size_t end = 1, border = 0; end < size; ++end) {
      while (border > 0 && search.text[end] != search.text[border]) border = search.borders[border];
      border += search.text[end] == search.text[border];
      search.borders.push_back(border);
    }
  }
}

MOE_INLINE bool IncrementalSearch::Search::step(char byte) {
  while (matched > 0 && byte != text[matched]) matched = borders[matched];
  matched += byte == text[matched];
  if (matched < text.size()) return false;
  matched = borders[matched];
  return true;
}

MOE_INLINE std::optional<std::size_t> IncrementalSearch::step(char byte) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < searches_.size(); ++i)
    if (searches_[i].step(byte) && (!found || searches_[i].text.size() > searches_[*found].text.size()))
      found = i;
  return found;
}

MOE_INLINE std::size_t IncrementalSearch::held() const {
  std::size_t most = 0;
  for (const Search& search : searches_) most = std::max(most, search.matched);
  return most;
}

MOE_INLINE void IncrementalSearch::reset() {
  for (Search& search : searches_) search.matched = 0;
}

}  // namespace moe::inline MOE_ABI::detail
