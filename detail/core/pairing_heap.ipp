// SPDX-License-Identifier: MIT
#pragma once
#include "pairing_heap.hpp"

#include <cstdint>
#include <utility>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void PairingHeaps::insert(Top& heap, std::uint32_t number, double key,
                                     std::uint64_t tie) noexcept {
  nodes_[number] = {key, tie, none, none, none};
  heap = melded(heap, number);
}

MOE_INLINE void PairingHeaps::erase(Top& heap, std::uint32_t number) noexcept {
  Node& node = nodes_[number];
  const Top below = combined(node.child);
  if (number == heap) {
    heap = below;
    return;
  }
  Node& previous = nodes_[node.previous];
  (previous.child == number ? previous.child : previous.next) = node.next;
  if (node.next != none) nodes_[node.next].previous = node.previous;
  heap = melded(heap, below);
}

MOE_INLINE void PairingHeaps::meld(Top& heap, Top& other) noexcept {
  heap = melded(heap, other);
  other = none;
}

MOE_INLINE bool PairingHeaps::is_before(std::uint32_t a, std::uint32_t b) const noexcept {
  return nodes_[a].key != nodes_[b].key ? nodes_[a].key < nodes_[b].key : nodes_[a].tie < nodes_[b].tie;
}

MOE_INLINE PairingHeaps::Top PairingHeaps::melded(Top a, Top b) noexcept {
  if (a == none || b == none) return a == none ? b : a;
  if (is_before(b, a)) std::swap(a, b);
  Node& parent = nodes_[a];
  Node& child = nodes_[b];
  child.next = parent.child;
  child.previous = a;
  if (parent.child != none) nodes_[parent.child].previous = b;
  parent.child = b;
  return a;
}

MOE_INLINE PairingHeaps::Top PairingHeaps::combined(std::uint32_t first) noexcept {
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

}  // namespace moe::inline MOE_ABI::detail
