// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Min-heaps over the numbers 0, 1, 2, ...; a number is in at most one heap. All heaps share one array of links, so a heap
/// is represented by the number at its top. Only resize() allocates.
/// Costs: insert and meld O(1), erase O(log n) amortised. Source: Fredman, Sedgewick, Sleator & Tarjan 1986.
class PairingHeaps {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;
  using Top = std::uint32_t;  // the number at the top of a heap; `none` if the heap is empty

  void resize(std::size_t numbers) { nodes_.resize(numbers); }

  double key(std::uint32_t number) const noexcept { return nodes_[number].key; }

  /// Adds a number that is in no heap. Numbers with equal keys are ordered by `tie`.
  void insert(Top& heap, std::uint32_t number, double key, std::uint64_t tie) noexcept;

  /// Removes a number from `heap`, which contains it.
  void erase(Top& heap, std::uint32_t number) noexcept;

  /// Moves all numbers of `other` into `heap`.
  void meld(Top& heap, Top& other) noexcept;

 private:
  struct Node {
    double key = 0;
    std::uint64_t tie = 0;
    std::uint32_t child = none;     // first child
    std::uint32_t next = none;      // next sibling
    std::uint32_t previous = none;  // previous sibling; of a first child: the parent
  };

  bool is_before(std::uint32_t a, std::uint32_t b) const noexcept;

  /// Makes one heap of two.
  Top melded(Top a, Top b) noexcept;

  /// Merges a list of sibling heaps in two passes: in pairs from left to right, then the merged pairs from right to left.
  Top combined(std::uint32_t first) noexcept;

  std::vector<Node> nodes_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "pairing_heap.ipp"
#endif
