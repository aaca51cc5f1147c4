#pragma once
#include "config.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::detail {

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
  void insert(Top& heap, std::uint32_t number, double key, std::uint64_t tie) {
    nodes_[number] = {key, tie, none, none, none};
    heap = melded(heap, number);
  }
  void insert(Top& heap, std::uint32_t number, double key) { insert(heap, number, key, number); }

  /// Whether a is to be above b.
  bool before(std::uint32_t a, std::uint32_t b) const {
    return nodes_[a].key != nodes_[b].key ? nodes_[a].key < nodes_[b].key : nodes_[a].tie < nodes_[b].tie;
  }

  /// The number must be in that heap.
  void erase(Top& heap, std::uint32_t number) {
    Node& node = nodes_[number];
    const Top below = combined(node.child);
    if (number == heap) {
      heap = below;
      return;
    }
    Node& before = nodes_[node.previous];
    (before.child == number ? before.child : before.next) = node.next;
    if (node.next != none) nodes_[node.next].previous = node.previous;
    heap = melded(heap, below);
  }

  /// Empties `other` into `heap`.
  void meld(Top& heap, Top& other) {
    heap = melded(heap, other);
    other = none;
  }

 private:
  struct Node {
    double key = 0;
    std::uint64_t tie = 0;
    std::uint32_t child = none;     // the first one
    std::uint32_t next = none;      // sibling
    std::uint32_t previous = none;  // sibling, or the parent of a first child
  };

  /// One heap of two.
  Top melded(Top a, Top b) {
    if (a == none || b == none) return a == none ? b : a;
    if (before(b, a)) {
      const Top swapped = a;
      a = b;
      b = swapped;
    }
    Node& parent = nodes_[a];
    Node& child = nodes_[b];
    child.next = parent.child;
    child.previous = a;
    if (parent.child != none) nodes_[parent.child].previous = b;
    parent.child = b;
    return a;
  }

  /// One heap of a list of siblings: by pairs from the left, then all from the right.
  Top combined(std::uint32_t first) {
    std::uint32_t pairs = none;  // a list, last pair first
    while (first != none) {
      const std::uint32_t second = nodes_[first].next;
      const std::uint32_t rest = second == none ? none : nodes_[second].next;
      nodes_[first].next = none;
      if (second != none) nodes_[second].next = none;
      const Top pair = melded(first, second);
      nodes_[pair].next = pairs;
      pairs = pair;
      first = rest;
    }
    Top all = none;
    while (pairs != none) {
      const std::uint32_t rest = nodes_[pairs].next;
      nodes_[pairs].next = none;
      all = melded(all, pairs);
      pairs = rest;
    }
    return all;
  }

  std::vector<Node> nodes_;
};

}  // namespace moe::detail
