// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "optional_members.hpp"
#include "provider.hpp"

#include <type_traits>

namespace moe::inline MOE_ABI::detail {

// names_x<P>(): whether class P has a member x, of any kind and any access, unless it is a public data member. The lookup
// of x in a class that derives from P and from a class with a member x is ambiguous exactly if P has a member x too. Final
// classes cannot be base classes: only their public members without overloads are found.
#define MOE_DEFINE_NAME_PROBE(Type, x)                                \
  struct Has##Type##Member {                                          \
    int x;                                                            \
  };                                                                  \
  template <class P>                                                  \
  struct Type##Probe : P, Has##Type##Member {};                       \
  template <class P>                                                  \
  constexpr bool names_##x() {                                        \
    if constexpr (requires { &P::x; }) {                              \
      return !std::is_member_object_pointer_v<decltype(&P::x)>;       \
    } else if constexpr (std::is_class_v<P> && !std::is_final_v<P>) { \
      return !requires { &Type##Probe<P>::x; };                       \
    } else {                                                          \
      return false;                                                   \
    }                                                                 \
  }

MOE_DEFINE_NAME_PROBE(TryAcquire, try_acquire)
MOE_DEFINE_NAME_PROBE(Hint, hint)
MOE_DEFINE_NAME_PROBE(Load, load)
MOE_DEFINE_NAME_PROBE(Bytes, bytes)
MOE_DEFINE_NAME_PROBE(LargestBytes, largest_bytes)
MOE_DEFINE_NAME_PROBE(Catalog, catalog)
MOE_DEFINE_NAME_PROBE(Inner, inner)
#undef MOE_DEFINE_NAME_PROBE

template <class P>
consteval void check_member_types() {
  static_assert(
      HasTryAcquire<P> || !names_try_acquire<P>(),
      "moe: `try_acquire` of a provider must be `std::optional<Lease> try_acquire(moe::ExpertId)`, public, "
      "where Lease is the type that acquire() returns");
  static_assert(HasHint<P> || !names_hint<P>(),
                "moe: `hint` of a provider must be `void hint(const moe::Announcement&) noexcept`, public");
  static_assert(HasLoad<P> || !names_load<P>(),
                "moe: `load` of a provider must be `void load(moe::ExpertId, moe::Announcement::Kind) "
                "noexcept`, public");
  static_assert(HasBytes<P> || !names_bytes<P>(),
                "moe: `bytes` of a provider must be `std::size_t bytes(moe::ExpertId)`, public");
  static_assert(HasLargestBytes<P> || !names_largest_bytes<P>(),
                "moe: `largest_bytes` of a provider must be `std::size_t largest_bytes()`, public");
  static_assert(HasCatalogReference<P> || HasCatalogPointer<P> || !names_catalog<P>(),
                "moe: `catalog` of a provider must be `const moe::ExpertCatalog& catalog()`, or return a "
                "pointer, public");
  static_assert(HasInner<P> || !names_inner<P>(),
                "moe: `inner` of a provider must be `Inner& inner()`, public, where Inner is a provider");
}

// Names that are likely to mean an optional member. Such a member function is refused if it can be called with the
// arguments of the member that it is likely to mean.
template <class P>
consteval void check_member_names() {
#define MOE_REFUSE_NAME(x, meant, arguments)                                                     \
  static_assert(                                                                                 \
      !requires(P & provider, ExpertId id, Announcement announcement) { provider.x arguments; }, \
      "moe: `" #x "` of a provider is never called: it is likely to mean `" #meant "`")
  MOE_REFUSE_NAME(tryAcquire, try_acquire, (id));
  MOE_REFUSE_NAME(tryacquire, try_acquire, (id));
  MOE_REFUSE_NAME(try_aquire, try_acquire, (id));
  MOE_REFUSE_NAME(try_aqcuire, try_acquire, (id));
  MOE_REFUSE_NAME(try_get, try_acquire, (id));
  MOE_REFUSE_NAME(hints, hint, (announcement));
  MOE_REFUSE_NAME(announce, hint, (announcement));
  MOE_REFUSE_NAME(prefetch, hint, (announcement));
  MOE_REFUSE_NAME(prefetch, hint, (announcement.ids));
  MOE_REFUSE_NAME(preload, load, (id, announcement.kind));
  MOE_REFUSE_NAME(prefetch, load, (id, announcement.kind));
  MOE_REFUSE_NAME(size, bytes, (id));
  MOE_REFUSE_NAME(size_bytes, bytes, (id));
  MOE_REFUSE_NAME(byte_size, bytes, (id));
  MOE_REFUSE_NAME(bytes_of, bytes, (id));
  MOE_REFUSE_NAME(get_bytes, bytes, (id));
  MOE_REFUSE_NAME(getBytes, bytes, (id));
  MOE_REFUSE_NAME(largest_byte, largest_bytes, ());
  MOE_REFUSE_NAME(largestBytes, largest_bytes, ());
  MOE_REFUSE_NAME(catalogue, catalog, ());
  MOE_REFUSE_NAME(get_catalog, catalog, ());
  MOE_REFUSE_NAME(get_inner, inner, ());
#undef MOE_REFUSE_NAME
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// Refuses a provider whose optional members would not be found: one line of compiler error names the member and the type
/// that is expected. Every template that takes a provider calls check_provider(); call it beside your provider to see the error
/// there:
///
///   static_assert(moe::check_provider<Mine>());
///
/// It refuses
/// - a member named like an optional member (see ExpertProvider) with another type or access, or without noexcept where the
///   optional member is noexcept. Public data members with these names are allowed;
/// - a member function with a name that is likely to mean an optional member, such as try_aquire or prefetch, if the function
///   can be called with the arguments of that member. The list stands above, in check_member_names().
template <class P>
consteval bool check_provider() {
  static_assert(
      ExpertProvider<P>,
      "moe: a provider must be movable and have a public `acquire(moe::ExpertId)` that returns a lease");
  if constexpr (ExpertProvider<P>) {
    detail::check_member_types<P>();
    detail::check_member_names<P>();
  }
  return true;
}

}  // namespace moe::inline MOE_ABI
