// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "optional_members.hpp"

#include <cstddef>
#include <cstdint>

namespace moe::inline MOE_ABI::detail {

/// A provider whose member budget_bytes() is the budget of a cache: the caches and AnyProvider. The member type CacheBudget
/// marks these providers, since a base class as the mark would let argument-dependent lookup find the functions of this
/// namespace.
template <class P>
concept HasCacheBudget = requires {
  typename P::CacheBudget;
};

/// The budget in bytes of the outermost cache in a provider and the providers within it; SIZE_MAX if there is no cache.
template <class P>
std::size_t cache_budget_bytes([[maybe_unused]] P& provider) {
  if constexpr (HasCacheBudget<P>) {
    return provider.budget_bytes();
  } else if constexpr (HasInner<P>) {
    return detail::cache_budget_bytes(provider.inner());
  } else {
    return SIZE_MAX;
  }
}

}  // namespace moe::inline MOE_ABI::detail
