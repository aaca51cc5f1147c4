// SPDX-License-Identifier: MIT
#pragma once
#include "../core/concat.hpp"
#include "../core/config.hpp"
#include "../core/error.hpp"
#include "cache_budget.hpp"
#include "cache_entries.hpp"
#include "catalog.hpp"
#include "optional_members.hpp"
#include "provider.hpp"
#include "residency.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

/// Counts of a cache since its construction.
struct CacheStatistics {
  std::uint64_t loads = 0;         // that have begun, failed ones included
  std::uint64_t evictions = 0;     // of loaded experts
  std::uint64_t withdrawn = 0;     // evictions of experts that were admitted, but not loaded yet
  std::size_t resident_bytes = 0;  // of the experts that are admitted, being loaded or loaded now
  std::size_t peak_bytes = 0;      // the maximum of resident_bytes so far; never above the budget
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// A copy of `options` in which unknown sizes are completed: largest_bytes by the size that the provider states, and layers,
/// once largest_bytes is known, by the number of layers with experts in the catalog of the provider.
template <class Inner>
CacheOptions completed_options(CacheOptions options, Inner& inner) {
  if (options.largest_bytes == 0) options.largest_bytes = detail::largest_bytes(inner);
  const ExpertCatalog* catalog = detail::catalog(inner);
  if (options.layers == 0 && options.largest_bytes > 0 && catalog)
    for (std::size_t layer = 0; layer < catalog->layers(); ++layer)
      options.layers += catalog->experts(layer) > 0;
  return options;
}

/// The state of a CachingProvider. The comments of CachingProvider document the public members.
template <class Inner, class Eviction>
class CacheState {
  enum class Stage : std::uint8_t { absent, admitted, loading, ready };

  struct Entry {
    ExpertId id;
    std::uint32_t number = 0;
    Stage stage = Stage::absent;
    bool pinned = false;
    std::optional<LeaseOf<Inner>> lease;  // if ready
  };

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
    friend CacheState;
    Lease(CacheState& state, Entry& entry) : state_(&state), entry_(&entry) {}

    CacheState* state_;
    Entry* entry_;
  };

  CacheState(Inner from, const CacheOptions& options)
      : inner_(std::move(from)), residency_(completed_options(options, inner_)) {
    largest_bytes_ = completed_options(options, inner_).largest_bytes;
    if (largest_bytes_ > options.budget_bytes) refuse(largest_bytes_);
    if (const std::size_t most = cache_budget_bytes(inner_); options.budget_bytes > most)
      fail("cache", "budget", concat("at most ", most, " bytes, the budget of the inner cache"),
           concat(options.budget_bytes, " bytes"));
    if (const ExpertCatalog* catalog = detail::catalog(inner_)) reserve_for(*catalog);
  }

  Inner& inner() { return inner_; }
  std::size_t budget_bytes() const { return residency_.budget_bytes(); }

  /// The bytes that a lease takes. If `Inner` does not state these bytes, one expert of each layer is acquired once, and the
  /// size of its weights is used for all experts of the layer. While this expert is leased, the cache may exceed its budget.
  std::size_t size_of(ExpertId id) {
    const std::size_t size = detail::bytes(inner_, id);
    return size == 0 ? measured(id) : size;
  }

  Lease acquire(ExpertId id) {
    const std::size_t size = fitting_size_of(id);
    std::unique_lock lock(mutex_);
    Entry& entry = entries_.find_or_add(id);
    for (;;) {
      if (entry.stage == Stage::ready) return lease_of(entry);
      if (entry.stage == Stage::absent) {
        require_room_beside_pins(id, size);
        admit(entry, size, Admission::demanded);
      }
      if (entry.stage == Stage::admitted) {
        read(entry, lock);
        return lease_of(entry);  // still under the lock, so that no other thread evicts the expert first
      }
      ++waiting_;
      changed_.wait(lock);
      --waiting_;
    }
  }

  std::optional<Lease> try_acquire(ExpertId id) {
    const std::lock_guard lock(mutex_);
    Entry* entry = entries_.find(id);
    if (!entry || entry->stage != Stage::ready) return {};
    return lease_of(*entry);
  }

  bool contains(ExpertId id) const {
    const std::lock_guard lock(mutex_);
    return is_ready(id);
  }

  void hint(const Announcement& announcement) {
    using enum Announcement::Kind;
    const Announcement::Kind kind = announcement.kind;
    if (is_about_past(kind)) return count_past(announcement);
    if (kind == predicted) {
      const std::lock_guard lock(mutex_);
      return residency_.forget_predictions();
    }
    for (const ExpertId id : announcement.ids) {
      const std::size_t size = fitting_size_of(id);
      const std::lock_guard lock(mutex_);
      Entry& entry = entries_.find_or_add(id);
      if (entry.stage != Stage::absent) {
        residency_.expect(entry.number);
      } else if (!admit(entry, size, kind == chosen ? Admission::chosen : Admission::prefill)) {
        return;  // the following experts are needed later, and must not take the room that this expert needs
      }
    }
  }

  /// Announces to `Inner` the experts that are not in the cache, which the cache will acquire from `Inner`.
  void pass_on(const Announcement& announcement) {
    if (is_about_past(announcement.kind)) return detail::hint(inner_, announcement);
    std::vector<ExpertId> ids;
    std::vector<float> weights;
    {
      const std::lock_guard lock(mutex_);
      for (std::size_t i = 0; i < announcement.ids.size(); ++i) {
        if (is_ready(announcement.ids[i])) continue;
        ids.push_back(announcement.ids[i]);
        if (i < announcement.weights.size()) weights.push_back(announcement.weights[i]);
      }
    }
    if (!ids.empty())
      detail::hint(inner_, {.ids = ids,
                            .weights = weights,
                            .kind = announcement.kind,
                            .total_weight = announcement.total_weight});
  }

  void load_announced(ExpertId id, Announcement::Kind kind) {
    if (kind == Announcement::Kind::predicted) admit_predicted(id);
    std::unique_lock lock(mutex_);
    Entry* entry = entries_.find(id);
    if (entry && entry->stage == Stage::admitted) read(*entry, lock);
  }

  bool pin(ExpertId id) {
    PinnedBytes reserved(*this, fitting_size_of(id));
    {
      const std::lock_guard lock(mutex_);
      if (entries_.find_or_add(id).pinned) return true;
      if (!reserved.take()) return false;
    }
    const Lease lease = acquire(id);
    const std::lock_guard lock(mutex_);
    if (lease.entry_->pinned) return true;  // another thread was faster
    lease.entry_->pinned = true;
    residency_.pin(lease.entry_->number);
    reserved.keep();
    return true;
  }

  void release(Entry& entry) {
    const std::lock_guard lock(mutex_);
    residency_.released(entry.number);
    notify_waiting();
  }

  CacheStatistics statistics() const {
    const std::lock_guard lock(mutex_);
    CacheStatistics out = counts_;
    out.resident_bytes = residency_.resident_bytes();
    return out;
  }

 private:
  /// The part of the budget for an expert that is about to be pinned. This part is reserved before the expert is loaded, so
  /// that several threads together cannot pin more than is allowed. The destructor returns the part unless keep() was called.
  class PinnedBytes {
   public:
    PinnedBytes(CacheState& state, std::size_t bytes) : state_(state), bytes_(bytes) {}
    PinnedBytes(const PinnedBytes&) = delete;
    PinnedBytes& operator=(const PinnedBytes&) = delete;
    ~PinnedBytes() {
      if (taken_ && !kept_) give_back();
    }

    /// Reserves the bytes. Returns false, and reserves nothing, if pinned experts may not take so many bytes. The caller holds
    /// the lock.
    bool take() {
      const std::size_t budget = state_.residency_.budget_bytes(), pinned = state_.pinned_bytes_ + bytes_;
      if (pinned > budget / 2 || pinned > budget - state_.largest_bytes_) return false;
      state_.pinned_bytes_ = pinned;
      return taken_ = true;
    }

    /// The expert is pinned now, and keeps the bytes. The caller holds the lock.
    void keep() { kept_ = true; }

   private:
    void give_back() {
      const std::lock_guard lock(state_.mutex_);
      state_.pinned_bytes_ -= bytes_;
    }

    CacheState& state_;
    std::size_t bytes_;
    bool taken_ = false, kept_ = false;
  };

  /// Allocates the bookkeeping for all experts of a catalog, so that acquiring these experts allocates nothing.
  void reserve_for(const ExpertCatalog& catalog) {
    const std::size_t all = catalog.size();
    std::vector<std::size_t> of_layer;
    for (std::size_t layer = 0; layer < catalog.layers(); ++layer)
      of_layer.push_back(catalog.ids(layer).size());
    residency_.reserve(of_layer);
    entries_.reserve(all);
    past_numbers_.reserve(all);
    past_tokens_.reserve(all);
  }

  [[noreturn]] void refuse(std::size_t expert_bytes) const {
    fail("cache", "budget", concat("at least ", expert_bytes, " bytes, for one expert"),
         concat(residency_.budget_bytes(), " bytes"));
  }

  void require_room_beside_pins(ExpertId id, std::size_t size) const {
    const std::size_t room = residency_.budget_bytes() - pinned_bytes_;
    if (size > room)
      fail("cache", concat("expert ", id.expert, " of layer ", id.layer),
           concat("at most ", room, " bytes, which pinned experts leave of the budget"),
           concat(size, " bytes"));
  }

  void admit_predicted(ExpertId id) {
    const std::size_t size = fitting_size_of(id);
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_.find_or_add(id);
    if (entry.stage == Stage::absent) admit(entry, size, Admission::predicted);
  }

  /// The bytes that a lease takes. Throws if the expert is larger than the budget.
  std::size_t fitting_size_of(ExpertId id) {
    const std::size_t size = size_of(id);
    if (size > residency_.budget_bytes()) refuse(size);
    return size;
  }

  std::size_t measured(ExpertId id) {
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [layer, size] : layer_sizes_)
        if (layer == id.layer) return size;
    }
    const auto lease = inner_.acquire(id);
    const std::size_t size = std::max(static_cast<const ExpertWeights&>(*lease).bytes(), std::size_t{1});
    const std::lock_guard lock(mutex_);
    layer_sizes_.emplace_back(id.layer, size);
    return size;
  }

  bool is_ready(ExpertId id) const {
    const Entry* entry = entries_.find(id);
    return entry && entry->stage == Stage::ready;
  }

  bool admit(Entry& entry, std::size_t size, Admission why) {
    largest_bytes_ = std::max(largest_bytes_, size);
    const bool admitted = residency_.admit(entry.number, entry.id, size, why,
                                           [&](std::uint32_t victim) { evict(entries_[victim]); });
    if (admitted) entry.stage = Stage::admitted;
    counts_.peak_bytes = std::max(counts_.peak_bytes, residency_.resident_bytes());
    return admitted;
  }

  /// Leases end several hundred times per token, usually while no thread waits.
  void notify_waiting() {
    if (waiting_ > 0) changed_.notify_all();
  }

  void evict(Entry& entry) {
    ++(entry.stage == Stage::ready ? counts_.evictions : counts_.withdrawn);
    entry.stage = Stage::absent;
    entry.lease.reset();
  }

  Lease lease_of(Entry& entry) {
    residency_.acquired(entry.number);
    return Lease(*this, entry);
  }

  /// Acquires an admitted expert from `Inner`, outside the lock. If acquire() throws, the expert is absent again, and waiting
  /// callers try to load the expert themselves.
  void read(Entry& entry, std::unique_lock<std::mutex>& lock) {
    entry.stage = Stage::loading;
    residency_.loading(entry.number);
    ++counts_.loads;
    lock.unlock();
    try {
      auto lease = inner_.acquire(entry.id);
      lock.lock();
      entry.lease.emplace(std::move(lease));
    } catch (...) {
      if (!lock.owns_lock()) lock.lock();
      entry.stage = Stage::absent;
      residency_.remove(entry.number);
      notify_waiting();
      throw;
    }
    entry.stage = Stage::ready;
    residency_.loaded(entry.number);
    notify_waiting();
  }

  /// Counts the uses that an announcement of the kind `hot` or `used` reports. Experts without an entry are left out.
  void count_past(const Announcement& announcement) {
    const bool used = announcement.kind == Announcement::Kind::used;
    if (used && announcement.tokens.size() != announcement.ids.size()) return;
    const std::lock_guard lock(mutex_);
    past_numbers_.clear();
    past_tokens_.clear();
    for (std::size_t i = 0; i < announcement.ids.size(); ++i) {
      const Entry* entry = entries_.find(announcement.ids[i]);
      if (!entry) continue;
      past_numbers_.push_back(entry->number);
      if (used) past_tokens_.push_back(announcement.tokens[i]);
    }
    used ? residency_.count_pass(past_numbers_, past_tokens_) : residency_.mark_hot(past_numbers_);
  }

  Inner inner_;
  mutable std::mutex mutex_;  // guards all members below
  Residency<Eviction> residency_;
  CacheEntries<Entry> entries_;
  std::vector<std::pair<std::uint32_t, std::size_t>> layer_sizes_;  // layer, measured bytes of an expert
  std::vector<std::uint32_t> past_numbers_, past_tokens_;           // scratch memory of count_past()
  CacheStatistics counts_;
  std::size_t largest_bytes_ = 0;    // the largest expert that is known: stated, or requested so far
  std::size_t pinned_bytes_ = 0;     // reservations of pin() included
  std::size_t waiting_ = 0;          // threads in acquire() that wait for changed_
  std::condition_variable changed_;  // an expert was loaded or failed to load, or a lease ended
};

}  // namespace moe::inline MOE_ABI::detail
