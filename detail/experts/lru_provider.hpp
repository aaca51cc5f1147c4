// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "caching_provider.hpp"
#include "lru.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI {

/// The cache that evicts the expert that was used least recently.
template <ExpertProvider Inner>
class LruProvider : public CachingProvider<Inner, Lru> {
 public:
  using CachingProvider<Inner, Lru>::CachingProvider;
};

template <class Inner>
LruProvider(Inner, std::size_t) -> LruProvider<Inner>;
template <class Inner>
LruProvider(Inner, const CacheOptions&) -> LruProvider<Inner>;

}  // namespace moe::inline MOE_ABI
