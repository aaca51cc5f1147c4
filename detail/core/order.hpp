#pragma once
#include "function_ref.hpp"
#include "list.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace moe::detail {

// Sorting without a new std::sort for every type and order: compilers take long over each.

/// The indices from 0 to count − 1, so that before(a, b) is false for all neighbours (b, a); equals keep their order.
inline List<std::uint32_t> sorted_indices(std::size_t count,
                                          FunctionRef<bool(std::uint32_t, std::uint32_t)> before) {
  List<std::uint32_t> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = static_cast<std::uint32_t>(i);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return before(a, b) || (a < b && !before(b, a)); });
  return order;
}

/// Sorts by before(a, b), of two items; equals keep their order.
template <class Items, class Before>
void sort_by(Items& items, Before before) {
  Items sorted;
  sorted.reserve(items.size());
  for (const std::uint32_t i : sorted_indices(
           items.size(), [&](std::uint32_t a, std::uint32_t b) { return before(items[a], items[b]); }))
    sorted.push_back(std::move(items[i]));
  items = std::move(sorted);
}

/// Of the indices below `count`, which before(i) is true of up to some point: the first for which it is false.
template <class Before>
std::size_t partition_index(std::size_t count, Before before) {
  std::size_t first = 0, last = count;
  while (first < last) {
    const std::size_t middle = first + (last - first) / 2;
    if (before(middle)) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  return first;
}

}  // namespace moe::detail
