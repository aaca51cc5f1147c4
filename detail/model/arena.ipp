// SPDX-License-Identifier: MIT
#pragma once
#include "arena.hpp"
#include "../core/checked.hpp"
#include "../io/system.hpp"

#include <algorithm>
#include <cstddef>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE Arena::Arena(std::size_t bytes) : memory_(bytes) {
  // A matrix product (Product in compute.hpp) for many tokens t writes out[t, r] for one r after another. The writes for one r
  // are out_stride apart, on many small pages, and would cause many TLB misses; huge pages avoid most of these misses.
  prefer_huge_pages(memory_.data(), memory_.bytes());
}

MOE_INLINE std::byte* Arena::take_bytes(std::size_t count, std::size_t item_bytes) {
  constexpr std::size_t alignment = Buffer<std::byte>::alignment;
  const std::size_t bytes = checked_size("sequence", "intermediate results", {count, item_bytes});
  const std::size_t begin = used_;
  used_ = checked_size("sequence", "intermediate results",
                       {begin / alignment + bytes / alignment + 1, alignment});
  peak_ = std::max(peak_, used_);
  if (memory_.size() == 0) return nullptr;
  MOE_ASSERT(used_ <= memory_.size());
  return memory_.data() + begin;
}

}  // namespace moe::inline MOE_ABI::detail
