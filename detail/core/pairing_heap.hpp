#pragma once
#include "config.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Min-heaps over the numbers 0, 1, ..., each of which is in one heap at most. The heaps share one set of links, so that a
/// heap is just the number at its top. Nothing is allocated but by resize().
/// insert, meld: O(1); erase: O(log n), amortised. Source: Fredman, Sedgewick, Sleator & Tarjan 1986.
class PairingHeaps {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;
  using Top = std::uint32_t;  // of a heap; `none` if it is empty

  void resize(std::size_t numbers) { nodes_.resize(numbers); }

  double key(std::uint32_t number) const { return nodes_[number].key; }

  /// Of equal keys the smaller `tie` is on top.
  void insert(Top& heap, std::uint32_t number, double key, std::uint64_t tie);
  void insert(Top& heap, std::uint32_t number, double key) { insert(heap, number, key, number); }

  /// Whether a is to be above b.
  bool before(std::uint32_t a, std::uint32_t b) const;

  /// The number must be in that heap.
  void erase(Top& heap, std::uint32_t number);

  /// Empties `other` into `heap`.
  void meld(Top& heap, Top& other);

 private:
  struct Node {
    double key = 0;
    std::uint64_t tie = 0;
    std::uint32_t child = none;     // the first one
    std::uint32_t next = none;      // sibling
    std::uint32_t previous = none;  // sibling, or the parent of a first child
  };

  /// One heap of two.
  Top melded(Top a, Top b);

  /// One heap of a list of siblings: by pairs from the left, then all from the right.
  Top combined(std::uint32_t first);

  std::vector<Node> nodes_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "pairing_heap.ipp"
#endif
