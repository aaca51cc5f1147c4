// SPDX-License-Identifier: MIT
#pragma once
#include "detail/core/dtype.hpp"
#include "detail/core/tensor.hpp"
#include "detail/experts/expert.hpp"
#include "detail/core/error.hpp"
#include "detail/experts/provider.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

/// A provider of experts of `expert_bytes` bytes; all bytes of an expert are 16 · layer + expert. It calls `on_read` before
/// each read, which may wait or throw, and counts reads and live leases.
class ScriptedProvider {
 public:
  static constexpr std::size_t expert_bytes = 3 * 32;

  struct Shared {
    std::function<void(moe::ExpertId, std::size_t)> on_read = [](moe::ExpertId, std::size_t) {};
    std::atomic<std::size_t> reads = 0;
    std::atomic<std::size_t> alive = 0;       // live leases
    std::atomic<std::size_t> most_alive = 0;  // the maximum of `alive`
    std::mutex mutex;                         // guards `order`
    std::vector<moe::ExpertId> order;         // the ids in the order of their reads
  };

  class Lease {
   public:
    Lease(Shared& shared, moe::ExpertId id)
        : shared_(&shared), bytes_(std::make_unique<std::byte[]>(expert_bytes)) {
      for (std::size_t i = 0; i < expert_bytes; ++i)
        bytes_[i] = static_cast<std::byte>(16 * id.layer + id.expert);
      const auto matrix = [&](std::size_t at) { return moe::Matrix{&bytes_[at], moe::DType::f32, 2, 4}; };
      weights_ = {matrix(0), matrix(32), matrix(64)};
      const std::size_t now = ++shared.alive;
      for (std::size_t most = shared.most_alive;
           most < now && !shared.most_alive.compare_exchange_weak(most, now);) {
      }
    }
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&& other) noexcept = default;
    ~Lease() {
      if (bytes_) --shared_->alive;
    }
    const moe::ExpertWeights& operator*() const { return weights_; }

   private:
    Shared* shared_;
    std::unique_ptr<std::byte[]> bytes_;
    moe::ExpertWeights weights_;
  };

  explicit ScriptedProvider(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  Lease acquire(moe::ExpertId id) {
    if (id.layer >= 16 || id.expert >= 16) moe::detail::fail("scripted", "expert", "a known one", "another");
    shared_->on_read(id, ++shared_->reads);
    {
      const std::lock_guard lock(shared_->mutex);
      shared_->order.push_back(id);
    }
    return Lease(*shared_, id);
  }
  std::size_t bytes(moe::ExpertId id) const noexcept {
    return id.layer < 16 && id.expert < 16 ? expert_bytes : 0;
  }

  /// Whether all bytes of the weights have the value of expert `id`.
  static bool right(const moe::ExpertWeights& weights, moe::ExpertId id) {
    for (const moe::Matrix* matrix : {&weights.gate, &weights.up, &weights.down})
      for (std::size_t i = 0; i < matrix->bytes(); ++i)
        if (matrix->data[i] != static_cast<std::byte>(16 * id.layer + id.expert)) return false;
    return true;
  }

 private:
  std::shared_ptr<Shared> shared_;
};
