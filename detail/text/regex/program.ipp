// SPDX-License-Identifier: MIT
#pragma once
#include "program.hpp"
#include "compiler.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

namespace moe::inline MOE_ABI::detail::regex {

MOE_INLINE CharacterTable::CharacterTable(const CharacterSet& set) {
  std::map<std::array<std::uint64_t, 4>, std::uint16_t> known;
  auto range = set.ranges().begin();
  const auto end = set.ranges().end();
  for (std::size_t block = 0; block < blocks; ++block) {
    const auto first = static_cast<char32_t>(block << 8), last = static_cast<char32_t>(first + 255);
    std::array<std::uint64_t, 4> bits{};
    while (range != end && range->last < first) ++range;
    for (auto part = range; part != end && part->first <= last; ++part)
      for (char32_t c = std::max(part->first, first); c <= std::min(part->last, last); ++c)
        bits[c >> 6 & 3] |= std::uint64_t{1} << (c & 63);
    const auto [place, added] = known.emplace(bits, static_cast<std::uint16_t>(known.size()));
    if (added) words_.insert(words_.end(), bits.begin(), bits.end());
    blocks_[block] = place->second;
  }
}

}  // namespace moe::inline MOE_ABI::detail::regex
