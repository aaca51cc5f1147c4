// SPDX-License-Identifier: MIT
// A model whose experts do not fit in memory: the tokens are the same, the budget is kept, and no thread waits for ever.
#include "detail/core/token.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/experts/expert.hpp"
#include "detail/experts/caching_provider.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/experts/prefetching_provider.hpp"
#include "detail/experts/read_provider.hpp"
#include "detail/experts/residency.hpp"
#include "detail/experts/trace.hpp"
#include "detail/generate/memory_plan.hpp"
#include "detail/generate/model.hpp"
#include "detail/generate/sampler.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/io/file.hpp"
#include "detail/experts/measuring_provider.hpp"
#include "detail/experts/replay.hpp"
#include "detail/generate/session.hpp"
#include "detail/model/batch.hpp"
#include "detail/model/route_recorder.hpp"
#include "detail/model/sequence.hpp"
#include "support/checkpoints.hpp"
#include "support/watchdog.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

constexpr std::string_view budget_prompt = "<|endoftext|>And it came to pass, that when the";

const moe::Checkpoint& bundled_checkpoint() {
  static const moe::Checkpoint one(bundled_model());
  return one;
}

std::size_t one_expert(bool direct = false) {
  return moe::ReadProvider(bundled_checkpoint(), {.direct = direct}).largest_bytes();
}

/// The logits of all positions of a prompt and of eight tokens after it.
template <class Model>
std::vector<float> logits_of(const Model& model, bool lookahead) {
  std::vector<float> out;
  auto sequence = model.transformer().sequence({.context = 64, .chunk = 16, .lookahead = lookahead});
  const auto keep = [&](std::size_t, std::span<const float> logits) {
    out.insert(out.end(), logits.begin(), logits.end());
  };
  const std::vector<moe::TokenId> prompt = model.tokenizer().encode(budget_prompt);
  model.transformer().forward_each(sequence, prompt, keep);
  for (moe::TokenId id = 100; id < 108; ++id) model.transformer().forward_each(sequence, {&id, 1}, keep);
  return out;
}

/// A ReadProvider that checks before each read that the leases and the new expert are within a budget.
class CheckedProvider {
 public:
  struct Shared {
    explicit Shared(std::size_t budget) : budget_bytes(budget) {}

    std::size_t budget_bytes;
    std::atomic<std::size_t> alive_bytes = 0;
    std::atomic<bool> exceeded = false;
  };
  struct Lease {
    Lease(moe::ReadProvider::Lease from, std::size_t size, std::shared_ptr<Shared> owner)
        : lease(std::move(from)), bytes(size), shared(std::move(owner)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = default;
    ~Lease() {
      if (shared) shared->alive_bytes -= bytes;
    }
    const moe::ExpertWeights& operator*() const { return *lease; }

    moe::ReadProvider::Lease lease;
    std::size_t bytes;
    std::shared_ptr<Shared> shared;
  };

  explicit CheckedProvider(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  Lease acquire(moe::ExpertId id) {
    const std::size_t size = reading_.bytes(id);
    if ((shared_->alive_bytes += size) > shared_->budget_bytes) shared_->exceeded = true;
    try {
      return Lease(reading_.acquire(id), size, shared_);
    } catch (...) {
      shared_->alive_bytes -= size;
      throw;
    }
  }
  std::size_t bytes(moe::ExpertId id) const noexcept { return reading_.bytes(id); }
  std::size_t largest_bytes() const { return reading_.largest_bytes(); }
  const moe::ExpertCatalog& catalog() const { return reading_.catalog(); }

 private:
  moe::ReadProvider reading_{bundled_checkpoint()};
  std::shared_ptr<Shared> shared_;
};

}  // namespace

TEST_SUITE_BEGIN("threads");

TEST_CASE(
    "memory budget: budget, io_threads, lookahead, direct reads and threads change no bit of any logit" *
    doctest::test_suite("long")) {
  const Watchdog watchdog(300s);
  const std::vector<float> expected = logits_of(moe::open(bundled_model(), {.threads = 1}), false);
  for (const std::size_t experts : {1u, 8u, 100u, 1000u})
    for (const std::size_t io_threads : {1u, 3u, 8u})
      for (const bool lookahead : {false, true})
        for (const bool direct : {false, true})
          for (const std::size_t threads : {1u, 2u}) {
            CAPTURE(experts);
            CAPTURE(io_threads);
            CAPTURE(lookahead);
            CAPTURE(direct);
            CAPTURE(threads);
            const auto model =
                moe::open(bundled_model(), {.threads = threads,
                                            .memory = {.budget_bytes = experts * one_expert(direct)},
                                            .direct = direct,
                                            .io_threads = io_threads});
            CHECK((logits_of(model, lookahead) == expected));
          }
}

TEST_CASE("memory budget: two sessions on eight threads never exceed the budget and never wait for ever") {
  const Watchdog watchdog(300s);
  const std::string expected = moe::Session(moe::open(bundled_model(), {.threads = 1}))
                                   .generate(budget_prompt, {.max_tokens = 12, .sampling = moe::Sampling{}});
  for (const std::size_t experts : {1u, 2u, 7u, 60u, 800u}) {
    CAPTURE(experts);
    auto shared = std::make_shared<CheckedProvider::Shared>(experts * one_expert());
    moe::CacheOptions options;
    options.budget_bytes = shared->budget_bytes;
    using Prefetching = moe::PrefetchingProvider<moe::CachingProvider<CheckedProvider>>;
    const moe::Model model(bundled_checkpoint(),
                           Prefetching(moe::CachingProvider(CheckedProvider(shared), options), 3),
                           {.threads = 8});
    std::atomic<int> right = 0;
    std::vector<std::thread> threads;
    for (const bool lookahead : {false, true})
      threads.emplace_back([&, lookahead] {
        moe::Session session(model, {.context = 64, .lookahead = lookahead});
        right += session.generate(budget_prompt, {.max_tokens = 12, .sampling = moe::Sampling{}}) == expected;
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(right == 2);
    CHECK_FALSE(shared->exceeded);
    CHECK(model.experts().get<Prefetching>()->inner().statistics().peak_bytes <= shared->budget_bytes);
  }
}

TEST_CASE(
    "memory budget: a prompt acquires each expert at most once per layer and chunk, in the order of the "
    "file") {
  struct Counting {
    struct Shared {
      std::vector<moe::ExpertId> acquired;
    };
    moe::MmapProvider::Lease acquire(moe::ExpertId id) {
      shared->acquired.push_back(id);
      return inner.acquire(id);
    }
    std::shared_ptr<Shared> shared;
    moe::MmapProvider inner;
  };
  auto shared = std::make_shared<Counting::Shared>();
  const moe::Model model(bundled_checkpoint(), Counting{shared, moe::MmapProvider(bundled_checkpoint())},
                         {.threads = 1});
  auto sequence = model.transformer().sequence({.context = 512, .chunk = 256});
  std::vector<moe::TokenId> ids(256);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<moe::TokenId>(i * 13 % 4096);
  model.transformer().forward(sequence, ids);
  const std::vector<moe::ExpertId>& acquired = shared->acquired;
  CHECK(acquired.size() > 6 * 100);
  for (std::size_t i = 1; i < acquired.size(); ++i) REQUIRE(acquired[i - 1] < acquired[i]);
}

TEST_SUITE_END();

namespace {

/// The bundled model with a cache of a number of experts, and a recorder of its routes.
struct RecordedModel {
  using Measuring = moe::MeasuringProvider<moe::CachedProvider>;

  explicit RecordedModel(std::size_t experts) : options(with_room_for(experts)) {
    for (std::uint32_t layer = 0; layer < trace.layers(); ++layer)
      trace.set_expert_bytes(layer, model.experts().bytes({layer, 0}));
  }

  static moe::ModelOptions with_room_for(std::size_t experts) {
    moe::ModelOptions options;
    options.memory.budget_bytes = experts * one_expert();
    return options;
  }

  moe::ExpertStatistics measured() const { return model.experts().get<Measuring>()->total(); }
  moe::ReplayCounts replayed() const {
    return moe::replay(trace, moe::ReplayPolicy::decayed, plan.budget_bytes);
  }
  std::vector<moe::TokenId> ids() const {
    return model.tokenizer().encode(moe::detail::read_text(bundled_model() + "/valid/scripture.txt"));
  }

  const moe::ModelOptions options;
  const moe::MemoryPlan plan = moe::plan_memory(bundled_checkpoint(), options);
  const moe::Model model{bundled_checkpoint(),
                         Measuring(moe::detail::cached_experts(bundled_checkpoint(), plan, options)),
                         {.threads = 2}};
  moe::Trace trace = moe::trace_of(model.spec(), moe::ExpertCatalog(bundled_checkpoint()));
  moe::RouteRecorder<moe::Trace> recorder{trace};
};

}  // namespace

TEST_CASE("memory budget: a replay of the recorded trace has the hits of the engine") {
  for (const std::size_t experts : {1u, 9u, 48u, 150u, 600u})
    for (const std::size_t prompt_tokens : {1u, 30u}) {
      CAPTURE(experts);
      CAPTURE(prompt_tokens);
      RecordedModel recorded(experts);
      const moe::Transformer& transformer = recorded.model.transformer();
      auto sequence = transformer.sequence({.context = 128});
      sequence.observe_routes(recorded.recorder);
      const std::vector<moe::TokenId> ids = recorded.ids();
      const std::span<const moe::TokenId> all(ids);
      recorded.recorder.as_prompt(true);
      transformer.forward(sequence, all.first(prompt_tokens));
      const std::uint64_t before = recorded.measured().resident;
      recorded.recorder.as_prompt(false);
      for (std::size_t i = prompt_tokens; i < prompt_tokens + 40; ++i)
        transformer.forward(sequence, all.subspan(i, 1));
      const moe::ReplayCounts replayed = recorded.replayed();
      CHECK(replayed.requests == 40u * 6 * 8);
      CHECK(replayed.hits == recorded.measured().resident - before);
    }
}

TEST_CASE("memory budget: a replay of several texts in one pass has the hits of the engine") {
  for (const std::size_t experts : {9u, 60u, 150u, 400u}) {
    CAPTURE(experts);
    RecordedModel recorded(experts);
    const moe::Transformer& transformer = recorded.model.transformer();
    recorded.recorder.as_prompt(false);
    const std::vector<moe::TokenId> ids = recorded.ids();
    std::vector<moe::Sequence> texts;
    for (std::size_t i = 0; i < 6; ++i) texts.push_back(transformer.sequence({.context = 64}));
    for (moe::Sequence& text : texts) text.observe_routes(recorded.recorder);
    moe::Batch batch = transformer.batch({.sequences = 6});
    for (std::size_t pass = 0; pass < 20; ++pass) {
      batch.clear();
      for (std::size_t i = 0; i < texts.size(); ++i)
        batch.add(texts[i], std::span(ids).subspan(100 * i + pass, 1));
      REQUIRE(transformer.forward(batch));
    }
    const moe::ReplayCounts replayed = recorded.replayed();
    CHECK(replayed.requests == recorded.measured().acquired());
    CHECK(replayed.hits == recorded.measured().resident);
    CHECK(replayed.hits > 0);
  }
}
