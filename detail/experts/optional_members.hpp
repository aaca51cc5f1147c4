// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "provider.hpp"

#include <concepts>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

namespace moe::inline MOE_ABI {

class ExpertCatalog;

}  // namespace moe::inline MOE_ABI

// The optional members of providers as functions. Each function calls the member of the provider; if there is none, the
// member of the provider that inner() returns, and so on inwards; if there is none at all, the function does what the table in
// provider.hpp says. try_acquire() goes inwards only while the inner provider has the same type of lease. The concepts state
// the exact types, which check_provider() requires.

namespace moe::inline MOE_ABI::detail {

template <class P>
concept HasTryAcquire = requires(P& provider, ExpertId id) {
  { provider.try_acquire(id) } -> std::same_as<std::optional<LeaseOf<P>>>;
};

template <class P>
concept HasHint = requires(P& provider, const Announcement& announcement) {
  { provider.hint(announcement) }
  noexcept->std::same_as<void>;
};

template <class P>
concept HasLoad = requires(P& provider, ExpertId id, Announcement::Kind kind) {
  { provider.load(id, kind) }
  noexcept->std::same_as<void>;
};

template <class P>
concept HasBytes = requires(P& provider, ExpertId id) {
  { provider.bytes(id) } -> std::same_as<std::size_t>;
};

template <class P>
concept HasLargestBytes = requires(P& provider) {
  { provider.largest_bytes() } -> std::same_as<std::size_t>;
};

template <class P>
concept HasCatalogReference = requires(P& provider) {
  { provider.catalog() } -> std::same_as<const ExpertCatalog&>;
};

template <class P>
concept HasCatalogPointer = requires(P& provider) {
  { provider.catalog() } -> std::same_as<const ExpertCatalog*>;
};

/// A reference to a non-const provider.
template <class R>
concept ProviderReferenceType = std::is_lvalue_reference_v<R> && ExpertProvider<std::remove_reference_t<R>>;

template <class P>
concept HasInner = requires(P& provider) {
  { provider.inner() } -> ProviderReferenceType;
};

template <HasInner P>
using InnerOf = std::remove_reference_t<decltype(std::declval<P&>().inner())>;

template <class P>
concept HasInnerWithSameLease = HasInner<P> && std::same_as<LeaseOf<P>, LeaseOf<InnerOf<P>>>;

/// Whether hints reach a provider that takes them.
template <class P>
constexpr bool takes_hints() {
  if constexpr (HasHint<P>) {
    return true;
  } else if constexpr (HasInner<P>) {
    return detail::takes_hints<InnerOf<P>>();
  } else {
    return false;
  }
}

template <ExpertProvider P>
std::optional<LeaseOf<P>> try_acquire(P& provider, ExpertId id) {
  if constexpr (HasTryAcquire<P>) {
    return provider.try_acquire(id);
  } else if constexpr (HasInnerWithSameLease<P>) {
    return detail::try_acquire(provider.inner(), id);
  } else {
    return {};
  }
}

template <ExpertProvider P>
void hint([[maybe_unused]] P& provider, [[maybe_unused]] const Announcement& announcement) noexcept {
  if constexpr (HasHint<P>) {
    provider.hint(announcement);
  } else if constexpr (HasInner<P>) {
    detail::hint(provider.inner(), announcement);
  }
}

template <ExpertProvider P>
void load(P& provider, ExpertId id, [[maybe_unused]] Announcement::Kind kind) noexcept {
  if constexpr (HasLoad<P>) {
    provider.load(id, kind);
  } else if constexpr (HasInner<P>) {
    detail::load(provider.inner(), id, kind);
  } else {
    try {
      (void)provider.acquire(id);
    } catch (...) {  // the error appears when the expert is acquired
    }
  }
}

/// The memory that a lease takes, in bytes; 0: unknown.
template <ExpertProvider P>
std::size_t bytes([[maybe_unused]] P& provider, [[maybe_unused]] ExpertId id) {
  if constexpr (HasBytes<P>) {
    return provider.bytes(id);
  } else if constexpr (HasInner<P>) {
    return detail::bytes(provider.inner(), id);
  } else {
    return 0;
  }
}

/// The most that bytes() returns; 0: unknown.
template <ExpertProvider P>
std::size_t largest_bytes([[maybe_unused]] P& provider) {
  if constexpr (HasLargestBytes<P>) {
    return provider.largest_bytes();
  } else if constexpr (HasInner<P>) {
    return detail::largest_bytes(provider.inner());
  } else {
    return 0;
  }
}

/// Where all experts lie; null if no provider states a catalog.
template <ExpertProvider P>
const ExpertCatalog* catalog([[maybe_unused]] P& provider) {
  if constexpr (HasCatalogReference<P>) {
    return &provider.catalog();
  } else if constexpr (HasCatalogPointer<P>) {
    return provider.catalog();
  } else if constexpr (HasInner<P>) {
    return detail::catalog(provider.inner());
  } else {
    return nullptr;
  }
}

}  // namespace moe::inline MOE_ABI::detail
