#pragma once
#include "../core/config.hpp"
#include "optional_members.hpp"

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace moe::inline MOE_ABI::detail {

/// The base of the providers whose member budget_bytes() is the budget of a cache: caches, and AnyProvider.
struct CacheBase {};

/// The budget of the outermost cache of a stack of providers; SIZE_MAX if there is no cache.
template <class P>
std::size_t cache_budget_bytes([[maybe_unused]] P& provider) {
  if constexpr (std::is_base_of_v<CacheBase, P>) {
    return provider.budget_bytes();
  } else if constexpr (HasInner<P>) {
    return detail::cache_budget_bytes(provider.inner());
  } else {
    return SIZE_MAX;
  }
}

}  // namespace moe::inline MOE_ABI::detail
