// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "any_provider.hpp"
#include "check_provider.hpp"
#include "expert.hpp"
#include "light_experts.hpp"
#include "optional_members.hpp"
#include "prefetch_queue.hpp"
#include "provider.hpp"
#include "same_experts.hpp"

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace moe::inline MOE_ABI {

/// Options of a FallbackProvider.
struct FallbackOptions {
  // A missing expert is replaced by its small copy if its router weight, divided by the sum of the router weights of all
  // experts of the token, is below this number, such as 0.1. 0: no expert is replaced, and every bit of the results is exact.
  float threshold = 0;
  // Whether exact experts that were replaced are acquired in the background, for later tokens.
  bool fetch_exact = true;
};

/// LOSSY, unless the threshold is 0: delivers the experts of `Exact`. If an exact expert is not resident and has little weight,
/// delivers its small copy from `Small` instead: the same expert in another precision, which is resident or read faster.
///
/// - Experts are replaced only while a model computes a single token, because only then Announcement::total_weight is known.
///   Prompts, and batches of several tokens, get exact experts.
/// - The results depend on what is resident, so they can differ from run to run.
/// - A thread of the provider acquires replaced experts from `Exact`, so that a cache in `Exact` keeps them. The thread begins
///   no load while a caller acquires an expert. The replaced experts of a new announcement take the place of the experts that
///   the thread has not begun to acquire.
/// - Errors of `Small` are thrown, and not hidden by reading the exact expert. After an error, the calling thread gets exact
///   experts until its next announcement.
///
/// Caches belong inside this adapter, as parts of `Exact` and `Small`: a cache around the adapter would keep small copies as if
/// they were exact, and does not compile, unless an AnyProvider between them hides the adapter. A VerifyingProvider belongs
/// inside as well. With a ZeroProvider as `Small`, the replaced experts are left out.
///
///   moe::FallbackProvider experts(moe::CachingProvider(moe::ReadProvider(exact), budget_bytes),
///                                 moe::MemoryProvider(exact.small_copy(moe::DType::q2_k)), {.threshold = 0.1f});
template <ExpertProvider Exact, ExpertProvider Small>
class FallbackProvider {
  static_assert(check_provider<Exact>());
  static_assert(check_provider<Small>());

 public:
  using Lossy = void;  // marks the provider: leases may have other weights than the experts of the checkpoint

  /// A lease of an exact expert or of a small copy, which differ in the type of the weights.
  using Lease = AnyProvider::Lease;

  /// Throws if both providers state a catalog, and the small copies are of another number of layers or experts, or have other
  /// shapes.
  FallbackProvider(Exact exact, Small small_copies, const FallbackOptions& options = {})
      : state_(new State(std::move(exact), std::move(small_copies), options)) {}

  Lease acquire(ExpertId id) {
    std::optional<detail::PrefetchQueue::Demand> demand;
    if (state_->later) demand.emplace(*state_->later, id);
    const ForgetOnError forget(state_->light);
    const std::optional<float> share = state_->light.share(id);
    if (!share) return exact(state_->exact.acquire(id), id);
    if (auto ready = detail::try_acquire(state_->exact, id)) return exact(std::move(*ready), id);
    return small_lease(state_->small_copies.acquire(id), id, *share);
  }

  std::optional<Lease> try_acquire(ExpertId id) {
    const ForgetOnError forget(state_->light);
    if (auto lease = detail::try_acquire(state_->exact, id)) return exact(std::move(*lease), id);
    const std::optional<float> share = state_->light.share(id);
    if (!share) return {};
    auto lease = detail::try_acquire(state_->small_copies, id);
    if (!lease) return {};
    return small_lease(std::move(*lease), id, *share);
  }

  void hint(const Announcement& announcement) noexcept {
    // A prompt gets exact experts. If an error ended the previous token, some of its light experts may still be noted.
    if (announcement.kind == Announcement::Kind::prefill) state_->light.forget();
    if (announcement.kind != Announcement::Kind::chosen || !(state_->options.threshold > 0))
      return detail::hint(state_->exact, announcement);
    try {
      announce_chosen(announcement);
    } catch (...) {  // without memory no expert is replaced
      state_->light.forget();
      detail::hint(state_->exact, announcement);
    }
  }

  /// Counts since the construction. Thread-safe.
  FallbackStatistics statistics() const { return state_->light.statistics(); }

  /// The provider of the small copies; inner() is the provider of the exact experts.
  Small& small_copies() { return state_->small_copies; }
  Exact& inner() { return state_->exact; }

 private:
  struct State {
    State(Exact from, Small copies, const FallbackOptions& given)
        : exact(std::move(from)), small_copies(std::move(copies)), options(given) {
      const ExpertCatalog *const of_exact = detail::catalog(exact), *const of_small =
                                                                        detail::catalog(small_copies);
      if (of_exact && of_small) detail::require_same_experts(*of_exact, *of_small);
      if (options.threshold > 0 && options.fetch_exact) later.emplace(1, &State::fetch, &exact);
    }

    static void fetch(void* provider, ExpertId id, Announcement::Kind) {
      try {
        (void)static_cast<Exact*>(provider)->acquire(id);
      } catch (...) {  // the error appears when the exact expert is acquired
      }
    }

    Exact exact;
    Small small_copies;
    FallbackOptions options;
    detail::LightExperts light;
    std::optional<detail::PrefetchQueue> later;  // last: its thread uses `exact`
  };

  /// If an exception leaves its scope, the calling thread has no light experts any more: the error ends the token, and the next
  /// token has other weights.
  class ForgetOnError {
   public:
    explicit ForgetOnError(detail::LightExperts& light) : light_(light) {}
    ForgetOnError(const ForgetOnError&) = delete;
    ForgetOnError& operator=(const ForgetOnError&) = delete;
    ~ForgetOnError() {
      if (std::uncaught_exceptions() > exceptions_) light_.forget();
    }

   private:
    detail::LightExperts& light_;
    int exceptions_ = std::uncaught_exceptions();
  };

  Lease exact(LeaseOf<Exact> lease, ExpertId id) {
    state_->light.count_exact(id);
    return erased(std::move(lease));
  }

  Lease small_lease(LeaseOf<Small> lease, ExpertId id, float share) {
    state_->light.count_small(id, share);
    return erased(std::move(lease));
  }

  static Lease erased(Lease lease) { return lease; }
  template <ExpertLease L>
  static Lease erased(L lease) {
    return Lease(std::in_place, std::move(lease));
  }

  void announce_chosen(const Announcement& announcement) {
    const detail::SplitAnnouncement split(announcement, state_->options.threshold);
    state_->light.replace(split);
    if (split.light_ids.empty()) return detail::hint(state_->exact, announcement);
    const float total = announcement.total_weight;
    const auto kind = Announcement::Kind::chosen;
    if (!split.heavy_ids.empty())
      detail::hint(
          state_->exact,
          {.ids = split.heavy_ids, .weights = split.heavy_weights, .kind = kind, .total_weight = total});
    detail::hint(
        state_->small_copies,
        {.ids = split.light_ids, .weights = split.light_weights, .kind = kind, .total_weight = total});
    if (state_->later)
      state_->later->enqueue({.ids = split.light_ids, .kind = Announcement::Kind::predicted});
  }

  std::unique_ptr<State> state_;  // on the heap, because the thread uses `exact`, and the provider may move
};

}  // namespace moe::inline MOE_ABI
