// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "cache_budget.hpp"
#include "check_provider.hpp"
#include "optional_members.hpp"
#include "provider.hpp"

#include <concepts>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace moe::inline MOE_ABI::detail {

// The comparison stands first: while class Not is incomplete, the compiler cannot tell whether Not is a provider.
template <class P, class Not>
concept ProviderOtherThan = !std::same_as<P, Not> && ExpertProvider<P>;

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// A provider of any type behind one type, so that a program can choose a provider at run time. Each call costs one virtual
/// call; acquire() allocates nothing. Copies share the provider. All optional members are forwarded.
class AnyProvider {
 public:
  using CacheBudget = void;  // marks budget_bytes() as the budget of a cache; see HasCacheBudget

  /// Holds a lease of any type that takes at most 256 bytes.
  class Lease {
   public:
    /// Takes over the lease of a provider.
    template <ExpertLease L>
    Lease(std::in_place_t, L lease) : operations_(&operations_of<L>) {
      static_assert(sizeof(L) <= sizeof storage_ && alignof(L) <= alignof(std::max_align_t),
                    "moe: a lease takes more than 256 bytes: let it point to its weights");
      static_assert(std::is_nothrow_move_constructible_v<L>, "moe: moving a lease must not throw");
      ::new (static_cast<void*>(storage_)) L(std::move(lease));
    }
    /// Takes over the lease of `other`. After that, `other` may only be destroyed or assigned to. An assignment first ends the
    /// lease that this object holds.
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease();

    /// The weights, which stay readable while the lease lives.
    const ExpertWeights& operator*() const { return operations_->weights(storage_); }

   private:
    struct Operations {
      const ExpertWeights& (*weights)(const void* lease);
      void (*relocate)(void* from, void* to);  // move-constructs the lease at `to`, destroys it at `from`
      void (*destroy)(void* lease);
    };

    template <class L>
    static constexpr Operations operations_of{
        [](const void* lease) -> const ExpertWeights& { return **static_cast<const L*>(lease); },
        [](void* from, void* to) {
          ::new (to) L(std::move(*static_cast<L*>(from)));
          static_cast<L*>(from)->~L();
        },
        [](void* lease) { static_cast<L*>(lease)->~L(); }};

    const Operations* operations_;
    alignas(std::max_align_t) std::byte storage_[256];
  };

  /// Explicit: an adapter around an AnyProvider can be constructed from an AnyProvider, and must not convert to an AnyProvider.
  template <detail::ProviderOtherThan<AnyProvider> P>
  explicit AnyProvider(P provider) : provider_(std::make_shared<Holder<P>>(std::move(provider))) {}

  Lease acquire(ExpertId id) { return provider_->acquire(id); }
  std::optional<Lease> try_acquire(ExpertId id) { return provider_->try_acquire(id); }
  void hint(const Announcement& announcement) noexcept { provider_->hint(announcement); }
  void load(ExpertId id, Announcement::Kind kind) noexcept { provider_->load(id, kind); }
  std::size_t bytes(ExpertId id) { return provider_->bytes(id); }
  std::size_t largest_bytes() { return provider_->largest_bytes(); }
  const ExpertCatalog* catalog() { return provider_->catalog(); }

  /// The budget of the outermost cache in the provider; SIZE_MAX if there is no cache.
  std::size_t budget_bytes() { return provider_->budget_bytes(); }

  /// The provider that this object holds, if the type of that provider is P; otherwise null.
  template <ExpertProvider P>
  P* get() {
    auto* holder = dynamic_cast<Holder<P>*>(provider_.get());
    return holder ? &holder->provider : nullptr;
  }

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual Lease acquire(ExpertId) = 0;
    virtual std::optional<Lease> try_acquire(ExpertId) = 0;
    virtual void hint(const Announcement&) noexcept = 0;
    virtual void load(ExpertId, Announcement::Kind) noexcept = 0;
    virtual std::size_t bytes(ExpertId) = 0;
    virtual std::size_t largest_bytes() = 0;
    virtual const ExpertCatalog* catalog() = 0;
    virtual std::size_t budget_bytes() = 0;
  };

  template <class P>
  struct Holder final : Interface {
    static_assert(check_provider<P>());

    explicit Holder(P from) : provider(std::move(from)) {}

    Lease acquire(ExpertId id) override { return erased(provider.acquire(id)); }
    std::optional<Lease> try_acquire(ExpertId id) override {
      auto lease = detail::try_acquire(provider, id);
      if (!lease) return {};
      return erased(std::move(*lease));
    }
    void hint(const Announcement& announcement) noexcept override { detail::hint(provider, announcement); }
    void load(ExpertId id, Announcement::Kind kind) noexcept override { detail::load(provider, id, kind); }
    std::size_t bytes(ExpertId id) override { return detail::bytes(provider, id); }
    std::size_t largest_bytes() override { return detail::largest_bytes(provider); }
    const ExpertCatalog* catalog() override { return detail::catalog(provider); }
    std::size_t budget_bytes() override { return detail::cache_budget_bytes(provider); }

    /// If the provider is itself an AnyProvider, its lease is returned as it is.
    static Lease erased(Lease lease) { return lease; }
    template <ExpertLease L>
    static Lease erased(L lease) {
      return Lease(std::in_place, std::move(lease));
    }

    P provider;
  };

  std::shared_ptr<Interface> provider_;
};

static_assert(ExpertProvider<AnyProvider>);

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// An adapter that refers to a provider and does not own the provider, which must outlive the adapter.
template <ExpertProvider P>
class ProviderReference {
  static_assert(check_provider<P>());

 public:
  explicit ProviderReference(P& provider) : provider_(&provider) {}

  LeaseOf<P> acquire(ExpertId id) { return provider_->acquire(id); }

  P& inner() { return *provider_; }

 private:
  P* provider_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "any_provider.ipp"
#endif
