#pragma once
#include "../core/concat.hpp"
#include "../core/config.hpp"
#include "../core/error.hpp"
#include "catalog.hpp"
#include "check_provider.hpp"
#include "decayed_frequency.hpp"
#include "eviction_policy.hpp"
#include "expert_table.hpp"
#include "optional_members.hpp"
#include "provider.hpp"
#include "residency.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

/// What a cache has done so far.
struct CacheStatistics {
  std::uint64_t loads = 0;      // begun
  std::uint64_t evictions = 0;  // of loaded experts
  std::uint64_t withdrawn = 0;  // evictions of experts that were announced and not yet loaded
  std::size_t resident_bytes = 0;
  std::size_t peak_bytes = 0;  // of resident_bytes; never above the budget
};

/// Keeps leases of `Inner` alive within a budget in bytes. `Eviction` chooses which of them end when the budget is full; it
/// is an EvictionPolicy. An expert is loaded once, however many callers ask for it. Thread-safe.
///
/// Admission and loading are separate steps. hint() admits announced experts and evicts others for them; the first caller of
/// acquire() or load() loads them, outside the lock. So evictions depend on the order of requests only, not on the speed of
/// reading. At no instant are the resident experts, loading ones included, larger than the budget.
template <ExpertProvider Inner, class Eviction = DecayedFrequency>
class CachingProvider {
  static_assert(check_provider<Inner>());
  static_assert(check_eviction_policy<Eviction>());
  using Policy =
      std::conditional_t<EvictionPolicy<Eviction>, Eviction, DecayedFrequency>;  // no errors after the first
  struct Entry;
  struct State;

 public:
  /// A leased expert is not evicted. Leases of one expert share its weights.
  class Lease {
   public:
    Lease(Lease&& other) noexcept : state_(other.state_), entry_(std::exchange(other.entry_, nullptr)) {}
    Lease& operator=(Lease&& other) noexcept {
      std::swap(state_, other.state_);
      std::swap(entry_, other.entry_);
      return *this;
    }
    ~Lease() {
      if (entry_) state_->release(*entry_);
    }

    const ExpertWeights& operator*() const { return **entry_->lease; }

   private:
    friend State;
    Lease(State& state, Entry& entry) : state_(&state), entry_(&entry) {}

    State* state_;
    Entry* entry_;
  };

  /// Throws if the budget is known to be smaller than one expert. Options that are 0 are taken from the catalog of `inner`,
  /// if it has one.
  CachingProvider(Inner inner, std::size_t budget_bytes)
      : CachingProvider(std::move(inner), options_of(budget_bytes)) {}
  CachingProvider(Inner inner, const CacheOptions& options) : state_(new State(std::move(inner), options)) {}

  /// Waits while leases of other experts leave no room. Throws what `Inner` throws, again at each call, and an Error if the
  /// expert is larger than the budget, or larger than what pinned experts leave of it.
  Lease acquire(ExpertId id) { return state_->acquire(id); }

  std::optional<Lease> try_acquire(ExpertId id) { return state_->try_acquire(id); }

  /// Admits chosen experts in the order of the ids, as long as there is room.
  void hint(const Announcement& announcement) noexcept {
    try {
      state_->hint(announcement.ids, announcement.kind);
      if constexpr (detail::takes_hints<Inner>()) state_->pass_on(announcement);
    } catch (...) {  // an expert that was not admitted is a miss at acquire(), which reports the error
    }
  }

  /// Loads an admitted expert unless its loading has begun. A predicted expert is admitted first, if there is room. Errors
  /// are forgotten: they appear at acquire().
  void load(ExpertId id, Announcement::Kind kind) noexcept {
    try {
      state_->load_announced(id, kind);
    } catch (...) {
    }
  }

  /// Loads these experts in order and keeps them resident for ever. Stops at the first expert without which half of the
  /// budget, and room for the largest expert known so far, would not remain for others. Returns how many of `ids` are pinned
  /// now; an expert that was pinned before counts, and takes no more of the budget. Throws what `Inner` throws.
  std::size_t pin(std::span<const ExpertId> ids) {
    std::size_t pinned = 0;
    while (pinned < ids.size() && state_->pin(ids[pinned])) ++pinned;
    return pinned;
  }

  CacheStatistics statistics() const { return state_->statistics(); }
  std::size_t budget_bytes() const { return state_->residency.budget_bytes(); }

  Inner& inner() { return state_->inner; }

 private:
  enum class Stage : std::uint8_t { absent, admitted, loading, ready };

  struct Entry {
    ExpertId id;
    std::uint32_t number = 0;
    Stage stage = Stage::absent;
    bool pinned = false;
    std::optional<LeaseOf<Inner>> lease;  // if ready
  };

  static CacheOptions options_of(std::size_t budget_bytes) {
    CacheOptions options;
    options.budget_bytes = budget_bytes;
    return options;
  }

  static CacheOptions completed(CacheOptions options, Inner& inner) {
    if (options.largest_bytes == 0) options.largest_bytes = detail::largest_bytes(inner);
    const ExpertCatalog* catalog = detail::catalog(inner);
    if (options.layers == 0 && options.largest_bytes > 0 && catalog)
      for (std::size_t layer = 0; layer < catalog->layers(); ++layer)
        options.layers += catalog->experts(layer) > 0;
    return options;
  }

  struct State {
    State(Inner from, const CacheOptions& options)
        : inner(std::move(from)), residency(completed(options, inner)) {
      largest_bytes = completed(options, inner).largest_bytes;
      if (largest_bytes > options.budget_bytes) refuse(largest_bytes);
      if (const ExpertCatalog* catalog = detail::catalog(inner)) reserve_for(*catalog);
    }

    /// Allocates for all experts of a catalog; acquiring them then allocates nothing.
    void reserve_for(const ExpertCatalog& catalog) {
      std::vector<std::size_t> of_layer;
      std::size_t all = 0;
      for (std::size_t layer = 0; layer < catalog.layers(); ++layer) {
        of_layer.push_back(catalog.experts(layer));
        all += of_layer.back();
      }
      residency.reserve(of_layer);
      table.reserve(all);
      hot_numbers.reserve(all);
      entries.reserve(all);
      while (entries.size() < all) entries.push_back(std::make_unique<Entry>());
    }

    Lease acquire(ExpertId id) {
      const std::size_t size = size_of(id);
      std::unique_lock lock(mutex);
      Entry& entry = entry_of(id);
      for (;;) {
        if (entry.stage == Stage::ready) return lease_of(entry);
        if (entry.stage == Stage::absent) {
          require_room_beside_pins(id, size);
          admit(entry, size, detail::Admission::demanded);
        }
        if (entry.stage == Stage::admitted) {
          read(entry, lock);
          return lease_of(entry);  // in the same critical section in which the expert became ready
        }
        ++waiting;
        changed.wait(lock);
        --waiting;
      }
    }

    std::optional<Lease> try_acquire(ExpertId id) {
      const std::lock_guard lock(mutex);
      if (!is_ready(id)) return {};
      return lease_of(*entries[table.find(id)]);
    }

    void hint(std::span<const ExpertId> ids, Announcement::Kind kind) {
      using enum Announcement::Kind;
      if (kind == hot) return mark_hot(ids);
      if (kind == predicted) {
        const std::lock_guard lock(mutex);
        return residency.forget_predictions();
      }
      for (const ExpertId id : ids) {
        const std::size_t size = size_of(id);
        const std::lock_guard lock(mutex);
        Entry& entry = entry_of(id);
        if (entry.stage != Stage::absent) {
          residency.expect(entry.number);
        } else if (!admit(entry, size,
                          kind == chosen ? detail::Admission::chosen : detail::Admission::prefill)) {
          return;  // experts behind it would be needed later, and take its room
        }
      }
    }

    /// Announces to `Inner` the experts that the cache would have to acquire there.
    void pass_on(const Announcement& announcement) {
      if (announcement.kind == Announcement::Kind::hot) return detail::hint(inner, announcement);
      std::vector<ExpertId> ids;
      std::vector<float> weights;
      {
        const std::lock_guard lock(mutex);
        for (std::size_t i = 0; i < announcement.ids.size(); ++i) {
          if (is_ready(announcement.ids[i])) continue;
          ids.push_back(announcement.ids[i]);
          if (!announcement.weights.empty()) weights.push_back(announcement.weights[i]);
        }
      }
      if (!ids.empty()) detail::hint(inner, {.ids = ids, .weights = weights, .kind = announcement.kind});
    }

    void load_announced(ExpertId id, Announcement::Kind kind) {
      if (kind == Announcement::Kind::predicted) admit_predicted(id);
      std::unique_lock lock(mutex);
      const std::uint32_t number = table.find(id);
      if (number != table.none && entries[number]->stage == Stage::admitted) read(*entries[number], lock);
    }

    bool pin(ExpertId id) {
      PinnedBytes reserved(*this, size_of(id));
      {
        const std::lock_guard lock(mutex);
        if (entry_of(id).pinned) return true;
        if (!reserved.take()) return false;
      }
      const Lease lease = acquire(id);
      const std::lock_guard lock(mutex);
      if (lease.entry_->pinned) return true;  // another thread was faster
      lease.entry_->pinned = true;
      residency.pin(lease.entry_->number);
      reserved.keep();
      return true;
    }

    void release(Entry& entry) {
      const std::lock_guard lock(mutex);
      residency.released(entry.number);
      tell_waiting();
    }

    CacheStatistics statistics() const {
      const std::lock_guard lock(mutex);
      CacheStatistics out = counts;
      out.resident_bytes = residency.resident_bytes();
      return out;
    }

    [[noreturn]] void refuse(std::size_t expert_bytes) const {
      detail::fail("cache", "budget", detail::concat("at least ", expert_bytes, " bytes, for one expert"),
                   detail::concat(residency.budget_bytes(), " bytes"));
    }

   private:
    /// Bytes of the budget for an expert that is about to be pinned. They are reserved before the expert is loaded, so that
    /// two threads cannot pin more than is allowed together.
    class PinnedBytes {
     public:
      PinnedBytes(State& state, std::size_t bytes) : state_(state), bytes_(bytes) {}
      PinnedBytes(const PinnedBytes&) = delete;
      PinnedBytes& operator=(const PinnedBytes&) = delete;
      ~PinnedBytes() {
        if (taken_ && !kept_) give_back();
      }

      /// False if pinned experts may not take so much. The caller holds the lock.
      bool take() {
        const std::size_t budget = state_.residency.budget_bytes(), pinned = state_.pinned_bytes + bytes_;
        if (pinned > budget / 2 || pinned > budget - state_.largest_bytes) return false;
        state_.pinned_bytes = pinned;
        return taken_ = true;
      }

      /// The expert is pinned. The caller holds the lock.
      void keep() { kept_ = true; }

     private:
      void give_back() {
        const std::lock_guard lock(state_.mutex);
        state_.pinned_bytes -= bytes_;
      }

      State& state_;
      std::size_t bytes_;
      bool taken_ = false, kept_ = false;
    };

    void require_room_beside_pins(ExpertId id, std::size_t size) const {
      const std::size_t room = residency.budget_bytes() - pinned_bytes;
      if (size > room)
        detail::fail("cache", detail::concat("expert ", id.expert, " of layer ", id.layer),
                     detail::concat("at most ", room, " bytes, which pinned experts leave of the budget"),
                     detail::concat(size, " bytes"));
    }

    void admit_predicted(ExpertId id) {
      const std::size_t size = size_of(id);
      const std::lock_guard lock(mutex);
      Entry& entry = entry_of(id);
      if (entry.stage == Stage::absent) admit(entry, size, detail::Admission::predicted);
    }

    /// The bytes that a lease takes. If `Inner` does not know, one expert of each layer is acquired once, beyond the budget
    /// for that moment, and the size of its weights is taken for all experts of the layer.
    std::size_t size_of(ExpertId id) {
      std::size_t size = detail::bytes(inner, id);
      if (size == 0) size = measured(id);
      if (size > residency.budget_bytes()) refuse(size);
      return size;
    }

    std::size_t measured(ExpertId id) {
      {
        const std::lock_guard lock(mutex);
        for (const auto& [layer, size] : layer_sizes)
          if (layer == id.layer) return size;
      }
      const auto lease = inner.acquire(id);
      const std::size_t size = std::max(static_cast<const ExpertWeights&>(*lease).bytes(), std::size_t{1});
      const std::lock_guard lock(mutex);
      layer_sizes.emplace_back(id.layer, size);
      return size;
    }

    bool is_ready(ExpertId id) const {
      const std::uint32_t number = table.find(id);
      return number != table.none && entries[number]->stage == Stage::ready;
    }

    /// If this throws std::bad_alloc, nothing has changed but an entry that waits for the next new expert.
    Entry& entry_of(ExpertId id) {
      if (const std::uint32_t known = table.find(id); known != table.none) return *entries[known];
      // The bookkeeping has a list for each layer up to the last one.
      if (id.layer > most_layer)
        detail::fail("cache", "layer of an expert", detail::concat("at most ", most_layer),
                     detail::concat(id.layer));
      if (entries.size() == table.size()) entries.push_back(std::make_unique<Entry>());
      const std::uint32_t number = table.add(id);
      entries[number]->id = id;
      entries[number]->number = number;
      return *entries[number];
    }

    bool admit(Entry& entry, std::size_t size, detail::Admission why) {
      largest_bytes = std::max(largest_bytes, size);
      const bool admitted = residency.admit(entry.number, entry.id, size, why,
                                            [&](std::uint32_t victim) { evict(*entries[victim]); });
      if (admitted) entry.stage = Stage::admitted;
      counts.peak_bytes = std::max(counts.peak_bytes, residency.resident_bytes());
      return admitted;
    }

    /// Leases end several hundred times per token, and nobody waits then.
    void tell_waiting() {
      if (waiting > 0) changed.notify_all();
    }

    void evict(Entry& entry) {
      ++(entry.stage == Stage::ready ? counts.evictions : counts.withdrawn);
      entry.stage = Stage::absent;
      entry.lease.reset();
    }

    Lease lease_of(Entry& entry) {
      residency.acquired(entry.number);
      return Lease(*this, entry);
    }

    /// Acquires an admitted expert from `Inner`, outside the lock. If that throws, the expert is absent again, and waiting
    /// callers try to load it themselves.
    void read(Entry& entry, std::unique_lock<std::mutex>& lock) {
      entry.stage = Stage::loading;
      residency.loading(entry.number);
      ++counts.loads;
      lock.unlock();
      try {
        auto lease = inner.acquire(entry.id);
        lock.lock();
        entry.lease.emplace(std::move(lease));
      } catch (...) {
        if (!lock.owns_lock()) lock.lock();
        entry.stage = Stage::absent;
        residency.remove(entry.number);
        tell_waiting();
        throw;
      }
      entry.stage = Stage::ready;
      residency.loaded(entry.number);
      tell_waiting();
    }

    void mark_hot(std::span<const ExpertId> ids) {
      const std::lock_guard lock(mutex);
      hot_numbers.clear();
      for (const ExpertId id : ids)
        if (const std::uint32_t number = table.find(id); number != table.none) hot_numbers.push_back(number);
      residency.mark_hot(hot_numbers);
    }

    static constexpr std::uint32_t most_layer = 65535;

   public:
    Inner inner;
    mutable std::mutex mutex;  // guards all members below
    detail::Residency<Policy> residency;

   private:
    detail::ExpertTable table;
    // By number, with spare ones at the end. Leases point to entries, so each entry has an address of its own.
    std::vector<std::unique_ptr<Entry>> entries;
    std::vector<std::pair<std::uint32_t, std::size_t>> layer_sizes;  // layer and measured bytes of an expert
    std::vector<std::uint32_t> hot_numbers;                          // scratch memory of mark_hot()
    CacheStatistics counts;
    std::size_t largest_bytes = 0;    // of the experts that were asked for so far, or known before
    std::size_t pinned_bytes = 0;     // reservations of pin() included
    std::size_t waiting = 0;          // threads in acquire() that wait for `changed`
    std::condition_variable changed;  // an expert was loaded or failed to load, or a lease ended
  };

  std::unique_ptr<State> state_;  // on the heap: leases point to the state, and the provider may be moved
};

}  // namespace moe::inline MOE_ABI
