#pragma once
#include "function_ref.hpp"
#include "list.hpp"
#include "minmax.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace moe::detail {

// Sorting without a new std::sort for every type and order: compilers take long over each.

/// Merges the sorted ranges [first, middle) and [middle, end) of `from` into the same places of `to`.
inline void merge(const List<std::uint32_t>& from, std::size_t first, std::size_t middle, std::size_t end,
                  List<std::uint32_t>& to, FunctionRef<bool(std::uint32_t, std::uint32_t)> before) {
  for (std::size_t left = first, right = middle, at = first; at < end; ++at) {
    const bool take_right = left == middle || (right < end && before(from[right], from[left]));
    to[at] = from[take_right ? right++ : left++];
  }
}

/// The indices from 0 to count − 1, so that before(a, b) is false for all neighbours (b, a); equals keep their order.
inline List<std::uint32_t> sorted_indices(std::size_t count,
                                          FunctionRef<bool(std::uint32_t, std::uint32_t)> before) {
  List<std::uint32_t> order(count), merged(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = static_cast<std::uint32_t>(i);
  for (std::size_t width = 1; width < count; width *= 2) {
    for (std::size_t first = 0; first < count; first += 2 * width)
      merge(order, first, smaller(first + width, count), smaller(first + 2 * width, count), merged, before);
    order.swap(merged);
  }
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
