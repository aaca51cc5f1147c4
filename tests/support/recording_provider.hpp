// SPDX-License-Identifier: MIT
#pragma once
#include "detail/core/error.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/experts/expert.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/experts/provider.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

/// Delivers the experts of a checkpoint, and has all optional members of a provider. Records its leases and announcements, and
/// fails on demand. An expert counts as resident once it was acquired or loaded.
class RecordingProvider {
 public:
  struct Heard {
    std::vector<moe::ExpertId> ids;
    std::vector<float> weights;
    moe::Announcement::Kind kind;
  };

  struct Shared {
    explicit Shared(const moe::ExpertCatalog& from) : catalog(from), experts(from) {}

    moe::ExpertCatalog catalog;
    moe::MemoryProvider experts;
    std::atomic<bool> failing = false;  // acquire() and try_acquire() throw
    std::atomic<int> leases = 0;
    std::mutex mutex;  // guards the members below
    std::set<moe::ExpertId> resident;
    std::vector<Heard> announcements;
  };

  class Lease {
   public:
    Lease(Shared& shared, const moe::ExpertWeights& weights) : shared_(&shared), weights_(&weights) {
      ++shared_->leases;
    }
    Lease(Lease&& other) noexcept
        : shared_(std::exchange(other.shared_, nullptr)), weights_(other.weights_) {}
    Lease& operator=(Lease&& other) noexcept {
      std::swap(shared_, other.shared_);
      std::swap(weights_, other.weights_);
      return *this;
    }
    ~Lease() {
      if (shared_) --shared_->leases;
    }
    const moe::ExpertWeights& operator*() const { return *weights_; }

   private:
    Shared* shared_;
    const moe::ExpertWeights* weights_;
  };

  explicit RecordingProvider(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  Lease acquire(moe::ExpertId id) {
    fail_on_demand();
    Lease lease(*shared_, *shared_->experts.acquire(id));
    make_resident(id);
    return lease;
  }

  std::optional<Lease> try_acquire(moe::ExpertId id) {
    std::optional<Lease> lease;
    {
      const std::lock_guard lock(shared_->mutex);
      if (!shared_->resident.contains(id)) return lease;
    }
    lease.emplace(*shared_, *shared_->experts.acquire(id));
    fail_on_demand();
    return lease;
  }

  void hint(const moe::Announcement& announcement) noexcept {
    const std::lock_guard lock(shared_->mutex);
    shared_->announcements.push_back({{announcement.ids.begin(), announcement.ids.end()},
                                      {announcement.weights.begin(), announcement.weights.end()},
                                      announcement.kind});
  }

  void load(moe::ExpertId id, moe::Announcement::Kind) noexcept {
    if (!shared_->failing && shared_->catalog.has(id)) make_resident(id);
  }

  /// With padding.
  std::size_t bytes(moe::ExpertId id) const {
    const std::size_t weights = shared_->experts.bytes(id);
    return weights == 0 ? 0 : weights + 64;
  }
  std::size_t largest_bytes() const { return bytes(shared_->catalog.ids().front()); }
  const moe::ExpertCatalog& catalog() const { return shared_->catalog; }

 private:
  void fail_on_demand() const {
    if (shared_->failing) moe::detail::fail("disk", "byte 0", "to read", "Input/output error");
  }

  void make_resident(moe::ExpertId id) {
    const std::lock_guard lock(shared_->mutex);
    shared_->resident.insert(id);
  }

  std::shared_ptr<Shared> shared_;
};
