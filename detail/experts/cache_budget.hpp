// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "optional_members.hpp"

#include <cstddef>
#include <cstdint>

namespace moe::inline MOE_ABI::detail {

/// A provider whose member budget_bytes() is the budget of a cache: caches, and AnyProvider. A member type marks them, since a
/// base class would let argument-dependent lookup find this namespace.
template <class P>
concept HasCacheBudget = requires {
  typename P::CacheBudget;
};

/// The budget of the outermost cache of a stack of providers; SIZE_MAX if there is no cache.
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
