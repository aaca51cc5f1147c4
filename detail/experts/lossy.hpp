// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "optional_members.hpp"

namespace moe::inline MOE_ABI::detail {

/// A provider whose leases may have other weights than the experts of the checkpoint. The member type Lossy marks these
/// providers, since a base class as the mark would let argument-dependent lookup find the functions of this namespace.
template <class P>
concept MarkedLossy = requires {
  typename P::Lossy;
};

/// Whether a provider, or a provider within an adapter, is marked as lossy. The type AnyProvider hides the mark.
template <class P>
constexpr bool is_lossy() {
  if constexpr (MarkedLossy<P>) {
    return true;
  } else if constexpr (HasInner<P>) {
    return detail::is_lossy<InnerOf<P>>();
  } else {
    return false;
  }
}

}  // namespace moe::inline MOE_ABI::detail
