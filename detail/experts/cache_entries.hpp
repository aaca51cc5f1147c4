// SPDX-License-Identifier: MIT
#pragma once
#include "../core/concat.hpp"
#include "../core/config.hpp"
#include "../core/error.hpp"
#include "expert_table.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The entries of a cache, one for each expert that was requested, numbered 0, 1, 2, ... in the order of the first requests.
/// `Entry` has the members `id` and `number`. The address of an entry never changes, because leases keep it.
template <class Entry>
class CacheEntries {
 public:
  /// Allocates for `experts` experts, so that adding these experts allocates nothing.
  void reserve(std::size_t experts) {
    table_.reserve(experts);
    entries_.reserve(experts);
    while (entries_.size() < experts) entries_.push_back(std::make_unique<Entry>());
  }

  /// The entry of an expert; null if there is none.
  Entry* find(ExpertId id) const {
    const std::uint32_t number = table_.find(id);
    return number == table_.none ? nullptr : entries_[number].get();
  }

  /// The entry of an expert, which is added if it is missing. Throws if the number of the layer is greater than in any model.
  /// If std::bad_alloc is thrown, no expert was added.
  Entry& find_or_add(ExpertId id) {
    if (Entry* known = find(id)) return *known;
    // The bookkeeping of a cache has a list for each layer up to the last one.
    if (id.layer > most_layer)
      fail("cache", "layer of an expert", concat("at most ", most_layer), concat(id.layer));
    if (entries_.size() == table_.size()) entries_.push_back(std::make_unique<Entry>());
    const std::uint32_t number = table_.add(id);
    entries_[number]->id = id;
    entries_[number]->number = number;
    return *entries_[number];
  }

  Entry& operator[](std::uint32_t number) { return *entries_[number]; }

 private:
  static constexpr std::uint32_t most_layer = 65535;

  ExpertTable table_;
  std::vector<std::unique_ptr<Entry>> entries_;  // by number, with spare entries at the end
};

}  // namespace moe::inline MOE_ABI::detail
