// SPDX-License-Identifier: MIT
#pragma once
#include "detail/core/tensor.hpp"
#include "detail/experts/expert.hpp"
#include "detail/core/error.hpp"
#include "detail/experts/provider.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

enum class Fault { none, fails, hangs, wrong_bytes };

/// Returns the experts of `Inner`, with a fault at every n-th acquire.
template <moe::ExpertProvider Inner>
class FaultyProvider {
 public:
  struct Script {
    std::atomic<Fault> fault = Fault::none;
    std::size_t every = 1;
    std::chrono::milliseconds hang{1000};
    std::atomic<std::size_t> reads = 0;
    std::atomic<std::size_t> faults = 0;
  };

  /// The lease of `Inner`, or a copy of its weights with one wrong bit.
  struct Lease {
    moe::LeaseOf<Inner> lease;
    std::vector<std::byte> copy;
    moe::ExpertWeights weights;
    const moe::ExpertWeights& operator*() const { return weights; }
  };

  FaultyProvider(Inner inner, std::shared_ptr<Script> script)
      : inner_(std::move(inner)), script_(std::move(script)) {}

  Lease acquire(moe::ExpertId id) {
    const bool now = ++script_->reads % script_->every == 0 && script_->fault != Fault::none;
    if (now) ++script_->faults;
    if (now && script_->fault == Fault::fails)
      moe::detail::fail("disk", "byte 0", "to read", "Input/output error");
    if (now && script_->fault == Fault::hangs) std::this_thread::sleep_for(script_->hang);
    Lease out{inner_.acquire(id), {}, {}};
    out.weights = *out.lease;
    if (now && script_->fault == Fault::wrong_bytes) spoil(out);
    return out;
  }

  Inner& inner() { return inner_; }

 private:
  static void spoil(Lease& lease) {
    moe::Matrix& gate = lease.weights.gate;
    lease.copy.assign(gate.data, gate.data + gate.bytes());
    lease.copy[lease.copy.size() / 2] ^= std::byte{1};
    gate.data = lease.copy.data();
  }

  Inner inner_;
  std::shared_ptr<Script> script_;
};
