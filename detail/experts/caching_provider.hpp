#pragma once
#include "../core/concat.hpp"
#include "../core/config.hpp"
#include "../core/error.hpp"
#include "catalog.hpp"
#include "check_provider.hpp"
#include "decayed_frequency.hpp"
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
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

/// What a cache has done so far.
struct CacheStatistics {
  std::uint64_t loads = 0;      // begun
  std::uint64_t evictions = 0;  // of what was loaded
  std::uint64_t withdrawn = 0;  // announced, and never loaded
  std::size_t resident_bytes = 0;
  std::size_t peak_bytes = 0;  // of resident_bytes; never above the budget
};

/// Keeps leases of `Inner` alive within a budget, those that were used most recently and most often: `Eviction` says which
/// goes first (see Lru). An expert is loaded once however many ask for it, outside the lock.
///
/// Admission is apart from loading: announced experts are let in, and room is made for them, at hint(); whoever comes first
/// loads them, a caller of acquire() or of load(). So what is evicted does not depend on how fast anything is read.
/// At no instant do resident experts, those that are being loaded included, take more than the budget.
template <ExpertProvider Inner, class Eviction = DecayedFrequency>
class CachingProvider {
  static_assert(check_provider<Inner>());
  struct Entry;
  struct State;

 public:
  /// Shared by all that ask for the same expert; keeps it from being evicted.
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

  /// Throws if the budget is known to be too small for one expert. What the options leave out is taken from the catalog of
  /// `inner`, if it has one.
  CachingProvider(Inner inner, std::size_t budget_bytes)
      : CachingProvider(std::move(inner), options_of(budget_bytes)) {}
  CachingProvider(Inner inner, const CacheOptions& options) : state_(new State(std::move(inner), options)) {}

  /// Waits if all room is taken by experts that others hold. Throws what `Inner` throws, each time anew.
  Lease acquire(ExpertId id) { return state_->acquire(id); }

  std::optional<Lease> try_acquire(ExpertId id) { return state_->try_acquire(id); }

  /// Lets in what was chosen, as far as there is room, in the order of `ids`.
  void hint(const Announcement& announcement) noexcept {
    try {
      state_->hint(announcement.ids, announcement.kind);
      if constexpr (detail::takes_hints<Inner>()) state_->pass_on(announcement);
    } catch (...) {  // what could not be announced is a miss when it is acquired, and fails there
    }
  }

  /// Loads an expert that was let in and that nobody has begun to load. Of others, only one that is a guess is let in.
  /// Errors are forgotten: they appear at acquire().
  void load(ExpertId id, Announcement::Kind kind) noexcept {
    try {
      state_->load_announced(id, kind);
    } catch (...) {
    }
  }

  /// Loads these experts, in this order, and keeps them for good, as long as half of the budget remains for others.
  /// Returns how many were pinned. Throws what `Inner` throws.
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
    std::optional<LeaseOf<Inner>> lease;  // when ready
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
      if (const std::size_t largest = completed(options, inner).largest_bytes; largest > options.budget_bytes)
        refuse(largest);
      if (const ExpertCatalog* catalog = detail::catalog(inner)) reserve_for(*catalog);
    }

    /// Nothing is allocated for an expert later.
    void reserve_for(const ExpertCatalog& catalog) {
      std::size_t most = 0;
      for (std::size_t layer = 0; layer < catalog.layers(); ++layer)
        most = std::max(most, catalog.experts(layer));
      residency.reserve(catalog.layers(), most);
      table.reserve(catalog.layers() * most);
      entries.reserve(catalog.layers() * most);
      while (entries.size() < catalog.layers() * most) entries.emplace_back(new Entry());
    }

    Lease acquire(ExpertId id) {
      const std::size_t size = size_of(id);
      std::unique_lock lock(mutex);
      Entry& entry = entry_of(id);
      for (;;) {
        if (entry.stage == Stage::ready) return lease_of(entry);
        if (entry.stage == Stage::admitted ||
            (entry.stage == Stage::absent && admit(entry, size, detail::Admission::demanded)))
          return load(entry, lock);
        changed.wait(lock);
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
          return;  // in this order or not at all
        }
      }
    }

    /// Announces to `Inner` what the cache would have to acquire there.
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
      using enum Announcement::Kind;
      const std::size_t size = kind == predicted ? size_of(id) : 0;
      std::unique_lock lock(mutex);
      Entry& entry = entry_of(id);
      const bool guessed = kind == predicted && entry.stage == Stage::absent;
      if (guessed && !admit(entry, size, detail::Admission::predicted)) return;
      if (entry.stage != Stage::admitted) return;
      read(entry, lock);
    }

    bool pin(ExpertId id) {
      const std::size_t size = size_of(id);
      {
        const std::lock_guard lock(mutex);
        if (pinned_bytes + size > residency.budget_bytes() / 2) return false;
      }
      const Lease lease = acquire(id);
      const std::lock_guard lock(mutex);
      residency.pin(lease.entry_->number);
      pinned_bytes += size;
      return true;
    }

    void release(Entry& entry) {
      const std::lock_guard lock(mutex);
      residency.released(entry.number);
      changed.notify_all();
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
    /// What a lease costs. A provider that cannot say, or whose leases cost nothing, is asked for the expert, once for each
    /// layer and for that moment beyond the budget: the size of its weights then stands for those of its layer.
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

    Entry& entry_of(ExpertId id) {
      const std::size_t known = table.size();
      const std::uint32_t number = table.add(id);
      if (number == entries.size()) entries.emplace_back(new Entry());
      if (number == known) entries[number]->id = id, entries[number]->number = number;
      return *entries[number];
    }

    bool admit(Entry& entry, std::size_t size, detail::Admission why) {
      const bool admitted = residency.admit(entry.number, entry.id, size, why,
                                            [&](std::uint32_t victim) { evict(*entries[victim]); });
      if (admitted) entry.stage = Stage::admitted;
      counts.peak_bytes = std::max(counts.peak_bytes, residency.resident_bytes());
      return admitted;
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

    Lease load(Entry& entry, std::unique_lock<std::mutex>& lock) {
      read(entry, lock);
      return lease_of(entry);  // nobody has had the lock in between
    }

    /// Reads the weights of an admitted expert outside the lock. If that fails, it is as if it had never been admitted.
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
        changed.notify_all();
        throw;
      }
      entry.stage = Stage::ready;
      residency.loaded(entry.number);
      changed.notify_all();
    }

    void mark_hot(std::span<const ExpertId> ids) {
      const std::lock_guard lock(mutex);
      hot_numbers.clear();
      for (const ExpertId id : ids)
        if (const std::uint32_t number = table.find(id); number != table.none) hot_numbers.push_back(number);
      residency.mark_hot(hot_numbers);
    }

   public:
    Inner inner;
    mutable std::mutex mutex;  // guards what follows
    detail::Residency<Eviction> residency;

   private:
    detail::ExpertTable table;
    std::vector<std::unique_ptr<Entry>>
        entries;  // by number, and some for numbers to come; on the heap each, since leases are addresses
    std::vector<std::pair<std::uint32_t, std::size_t>> layer_sizes;  // of layers that were measured
    std::vector<std::uint32_t> hot_numbers;                          // kept for its memory
    CacheStatistics counts;
    std::size_t pinned_bytes = 0;
    std::condition_variable changed;  // something was loaded, or let go
  };

  std::unique_ptr<State> state_;  // on the heap: leases point to it, and the provider may move
};

}  // namespace moe::inline MOE_ABI
