// SPDX-License-Identifier: MIT
// The bound for the speed of a model under a memory budget: the time of its parts when nothing waits, and the speed of the
// disk.
#pragma once
#include "detail/core/stopwatch.hpp"
#include "detail/experts/expert.hpp"
#include <moe.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <thread>
#include <utility>
#include <vector>

/// Keeps a few experts of each layer in memory and delivers them in place of all others. Measures the time during which
/// leases exist. Only one thread may use the provider: its counters have no lock.
class SampleProvider {
 public:
  SampleProvider(const moe::Checkpoint& checkpoint, std::size_t of_each_layer)
      : state_(std::make_unique<State>(checkpoint)) {
    const moe::ExpertCatalog& catalog = state_->reading.catalog();
    state_->layers.resize(catalog.layers());
    for (std::uint32_t layer = 0; layer < catalog.layers(); ++layer)
      for (std::uint32_t expert = 0; expert < std::min(of_each_layer, catalog.experts(layer)); ++expert)
        state_->layers[layer].push_back(state_->reading.acquire({layer, expert}));
  }

  class Lease {
   public:
    Lease(SampleProvider& owner, const moe::ExpertWeights& weights) : owner_(&owner), weights_(&weights) {
      if (owner.state_->leases++ == 0) owner.state_->since = moe::detail::Stopwatch();
    }
    Lease(Lease&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), weights_(other.weights_) {}
    Lease& operator=(Lease&& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(weights_, other.weights_);
      return *this;
    }
    ~Lease() {
      if (owner_ && --owner_->state_->leases == 0) owner_->state_->seconds += owner_->state_->since.seconds();
    }
    const moe::ExpertWeights& operator*() const { return *weights_; }

   private:
    SampleProvider* owner_;
    const moe::ExpertWeights* weights_;
  };

  Lease acquire(moe::ExpertId id) {
    const auto& layer = state_->layers[id.layer];
    return Lease(*this, *layer[id.expert % layer.size()]);
  }
  std::optional<Lease> try_acquire(moe::ExpertId id) { return acquire(id); }

  double seconds_in_use() const { return state_->seconds; }

 private:
  struct State {
    explicit State(const moe::Checkpoint& checkpoint) : reading(checkpoint) {}
    moe::ReadProvider reading;
    std::vector<std::vector<moe::ReadProvider::Lease>> layers;
    std::size_t leases = 0;
    moe::detail::Stopwatch since;
    double seconds = 0;
  };
  std::unique_ptr<State> state_;
};

/// Delivers experts from a provider, or, while the time for computing alone is measured, from a sample.
class SwitchedProvider {
 public:
  SwitchedProvider(moe::AnyProvider real, moe::AnyProvider sample)
      : real_(std::move(real)), sample_(std::move(sample)) {}

  moe::AnyProvider::Lease acquire(moe::ExpertId id) { return now().acquire(id); }
  std::optional<moe::AnyProvider::Lease> try_acquire(moe::ExpertId id) { return now().try_acquire(id); }

  moe::AnyProvider& inner() { return now(); }

  void use_sample(bool use) { sampling_ = use; }
  moe::AnyProvider& real() { return real_; }
  moe::AnyProvider& sample() { return sample_; }

 private:
  moe::AnyProvider& now() { return sampling_ ? sample_ : real_; }

  moe::AnyProvider real_, sample_;
  bool sampling_ = false;
};

/// The limits of the machine: the time of a token's parts when all experts are in memory, and the speed of the disk.
struct Limits {
  double dense_seconds = 0;   // for everything of a token but its experts
  double expert_seconds = 0;  // for one expert of one layer
  double bytes_per_second = 0;
};

inline Limits mean(std::span<const Limits> limits) {
  Limits sum;
  for (const Limits& one : limits) {
    sum.dense_seconds += one.dense_seconds;
    sum.expert_seconds += one.expert_seconds;
    sum.bytes_per_second += one.bytes_per_second;
  }
  const auto count = static_cast<double>(limits.size());
  return {sum.dense_seconds / count, sum.expert_seconds / count, sum.bytes_per_second / count};
}

/// The bytes per second of random reads of experts, on `options.io_threads` threads.
inline double measure_reading(const moe::Checkpoint& checkpoint, const moe::ModelOptions& options,
                              double seconds) {
  moe::ReadProvider reading(checkpoint, {.direct = options.direct});
  std::vector<moe::ExpertId> ids;
  for (std::uint32_t layer = 0; layer < reading.catalog().layers(); ++layer)
    for (std::uint32_t expert = 0; expert < reading.catalog().experts(layer); ++expert)
      ids.push_back({layer, expert});
  std::shuffle(ids.begin(), ids.end(), std::mt19937(std::random_device()()));
  std::atomic<std::size_t> next = 0;
  const moe::detail::Stopwatch stopwatch;
  std::vector<std::thread> threads;
  for (std::size_t io_thread = 0; io_thread < options.io_threads; ++io_thread)
    threads.emplace_back([&] {
      while (stopwatch.seconds() < seconds) (void)reading.acquire(ids[next++ % ids.size()]);
    });
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(reading.statistics().bytes) / stopwatch.seconds();
}

/// Takes about half a second. ids: the tokens to compute, at least one; if there are fewer than four, they are repeated.
inline Limits measure_limits(const moe::Model& model, std::span<const moe::TokenId> ids,
                             const moe::ModelOptions& options) {
  constexpr std::size_t tokens = 3;
  auto sequence = model.transformer().sequence({.context = 1 + tokens, .chunk = 1});
  const auto compute = [&](std::size_t i) {
    model.transformer().forward(sequence, ids.subspan(i % ids.size(), 1));
  };
  SwitchedProvider& switched = *model.experts().get<SwitchedProvider>();
  const auto* sample = switched.sample().get<SampleProvider>();
  switched.use_sample(true);
  compute(0);  // warms up
  const double before = sample->seconds_in_use();
  const moe::detail::Stopwatch stopwatch;
  for (std::size_t i = 1; i <= tokens; ++i) compute(i);
  const double all = stopwatch.seconds(), experts = sample->seconds_in_use() - before;
  switched.use_sample(false);

  double layers = 0;
  for (const moe::LayerSpec& layer : model.spec().layers) layers += layer.router() != nullptr;
  return {(all - experts) / tokens,
          experts / tokens / layers / static_cast<double>(model.spec().experts_per_token()),
          measure_reading(model.checkpoint(), options, 0.3)};
}
