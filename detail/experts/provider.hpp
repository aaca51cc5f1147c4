#pragma once
#include "../core/config.hpp"
#include "expert.hpp"

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

namespace moe::inline MOE_ABI::detail {

/// As std::movable, which takes compilers long.
template <class T>
concept Movable = std::is_move_constructible_v<T> && std::is_move_assignable_v<T>;

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// A claim on readable weights: `*lease` stays valid until the lease is destroyed, whatever else is acquired.
/// `const ExpertWeights*` is the simplest lease.
template <class L>
concept ExpertLease = detail::Movable<L> && requires(const L lease) {
  { *lease } -> std::convertible_to<const ExpertWeights&>;
};

/// Anything that hands out experts. The router chooses, the provider delivers: every expert of the model is asked for
/// sooner or later.
///
/// | expression               | returns              | what it means                                                  |
/// |--------------------------|----------------------|----------------------------------------------------------------|
/// | provider.acquire(id)     | a lease              | blocks until the weights can be read; throws moe::Error        |
///
/// Optional members, and what happens without them:
///
/// | expression               | returns              | what it means                            | without it          |
/// |--------------------------|----------------------|------------------------------------------|---------------------|
/// | provider.try_acquire(id) | std::optional<Lease> | readable now: no I/O, no waiting         | nothing is resident |
/// | provider.hint(ids, kind) | void, noexcept       | what is coming, and how surely: see Hint | hints are lost      |
/// | provider.bytes(id)       | std::size_t          | what a lease costs, padding included     | the weights' bytes  |
///
/// All of them are called from several threads at once. A lease survives moves of its provider, but not its destruction.
/// An error is not remembered: the next acquire() tries again. Whoever calls acquire() holds no other lease, so a
/// provider with room for one expert can serve any number of callers.
///
/// The smallest model:
///
///   struct Mine {
///     const moe::ExpertWeights* acquire(moe::ExpertId id);
///   };
template <class P>
concept ExpertProvider = detail::Movable<P> && requires(P provider, ExpertId id) {
  { provider.acquire(id) } -> ExpertLease;
};

template <ExpertProvider P>
using LeaseOf = decltype(std::declval<P&>().acquire(ExpertId{}));

/// What a hint announces.
enum class Hint {
  chosen,     // the router has chosen them: they will be acquired
  prefill,    // the same, for the many tokens of a prompt, which says little about what comes next
  predicted,  // a guess at what it may choose; takes the place of the guess before
  hot,        // what the tokens of a prompt used in one layer, most used first: worth keeping
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// How many missing experts of a layer are announced before the first of them is acquired: more than there are lanes to read.
inline constexpr std::size_t announced_ahead = 16;

// The optional members as functions of any provider, with the fallbacks of the table above.

template <ExpertProvider P>
std::optional<LeaseOf<P>> try_acquire(P& provider, ExpertId id) {
  if constexpr (requires { provider.try_acquire(id); }) {
    return provider.try_acquire(id);
  } else {
    return {};
  }
}

template <ExpertProvider P>
void hint(P& provider, std::span<const ExpertId> ids, Hint kind) noexcept {
  if constexpr (requires { provider.hint(ids, kind); }) provider.hint(ids, kind);
}

template <ExpertProvider P>
std::size_t bytes(P& provider, ExpertId id) {
  if constexpr (requires { provider.bytes(id); }) {
    return provider.bytes(id);
  } else {
    const auto lease = provider.acquire(id);
    const ExpertWeights& weights = *lease;
    return weights.bytes();
  }
}

}  // namespace moe::inline MOE_ABI::detail
