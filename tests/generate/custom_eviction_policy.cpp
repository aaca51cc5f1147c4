// SPDX-License-Identifier: MIT
// The policy of docs/write-an-eviction-policy.md, in a replay and in a model.
#include "detail/experts/caching_provider.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/experts/eviction_policy.hpp"
#include "detail/experts/expert.hpp"
#include "detail/experts/measuring_provider.hpp"
#include "detail/experts/prefetching_provider.hpp"
#include "detail/experts/read_provider.hpp"
#include "detail/experts/replay.hpp"
#include "detail/experts/residency.hpp"
#include "detail/experts/trace.hpp"
#include "detail/generate/model.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/io/file.hpp"
#include "detail/model/route_recorder.hpp"
#include "support/checkpoints.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

// clang-format off
// [policy]
class LruTwo {
 public:
  void resize(std::size_t experts, std::size_t) {
    candidates_.resize(experts);
    uses_.resize(experts);
  }
  void use(std::uint32_t expert, std::uint64_t) noexcept { uses_[expert] = {uses_[expert].last, ++time_}; }
  void insert(std::uint32_t expert, moe::ExpertId id, std::uint64_t token) noexcept {
    candidates_.insert(expert, id, score(expert, token));
  }
  void erase(std::uint32_t expert) noexcept { candidates_.erase(expert); }
  std::uint32_t lowest(std::uint32_t, std::uint64_t) noexcept { return candidates_.lowest(); }
  double score(std::uint32_t expert, std::uint64_t) const noexcept {
    return static_cast<double>(uses_[expert].second_last);
  }

 private:
  struct Uses {
    std::uint64_t second_last = 0, last = 0;
  };
  moe::CandidateHeap candidates_;
  std::vector<Uses> uses_;  // [experts]
  std::uint64_t time_ = 0;
};
static_assert(moe::check_eviction_policy<LruTwo>());
// [end]
// clang-format on

/// The experts of one layer that tokens choose, one for each token.
moe::Trace trace_of_tokens(std::initializer_list<std::uint32_t> experts) {
  moe::Trace trace({"", "", 1, 16, 1});
  trace.set_expert_bytes(0, 10);
  for (const std::uint32_t expert : experts)
    trace.add({.step = static_cast<std::uint32_t>(trace.size()), .experts = {&expert, 1}});
  return trace;
}

}  // namespace

TEST_CASE("custom eviction policy: the documentation shows the policy that is tested here") {
  const std::string source =
      moe::detail::read_text(std::string(source_directory) + "/tests/generate/custom_eviction_policy.cpp");
  const std::string documentation =
      moe::detail::read_text(std::string(source_directory) + "/docs/write-an-eviction-policy.md");
  const std::string begin = "// [policy]\n", end = "// [end]\n";
  const std::size_t first = source.find(begin) + begin.size();
  const std::string policy = source.substr(first, source.find('\n' + end) + 1 - first);
  CHECK(policy.size() > 800);
  CHECK(documentation.find("```cpp\n" + policy + "```\n") != std::string::npos);
}

TEST_CASE("custom eviction policy: a replay evicts the expert whose second-last use is the oldest") {
  // Expert 0 is used twice. Then experts 1, 2 and 3, each used once, evict each other, and 0 stays.
  const moe::Trace trace = trace_of_tokens({0, 0, 1, 2, 3, 0});
  CHECK(moe::replay(trace, LruTwo(), 20).hits == 2);
  CHECK(moe::replay(trace, moe::ReplayPolicy::lru, 20).hits == 1);
}

TEST_CASE("custom eviction policy: a replay has the hits of the engine, and the tokens do not change") {
  const moe::Checkpoint checkpoint(bundled_model());
  const moe::ExpertCatalog catalog(checkpoint);
  const std::size_t budget_bytes = 100 * moe::ReadProvider(checkpoint).largest_bytes();
  using Cache = moe::CachingProvider<moe::ReadProvider, LruTwo>;
  using Measuring = moe::MeasuringProvider<moe::PrefetchingProvider<Cache>>;
  const moe::Model model(checkpoint,
                         Measuring(moe::PrefetchingProvider<Cache>(
                             Cache(moe::ReadProvider(checkpoint),
                                   {.budget_bytes = budget_bytes,
                                    .experts_per_token = moe::ModelSpec(checkpoint).experts_per_token()}))),
                         {.threads = 2});
  const moe::Model reference = moe::open(bundled_model(), {.threads = 1});

  moe::Trace trace = moe::trace_of(model.spec(), catalog);
  for (std::uint32_t layer = 0; layer < trace.layers(); ++layer)
    trace.set_expert_bytes(layer, moe::ReadProvider(checkpoint).bytes({layer, 0}));
  moe::RouteRecorder recorder(trace);
  auto sequence = model.transformer().sequence({.context = 64}),
       expected = reference.transformer().sequence({.context = 64});
  sequence.observe_routes(recorder);
  const std::vector<moe::TokenId> ids =
      model.tokenizer().encode(moe::detail::read_text(bundled_model() + "/valid/scripture.txt"));
  for (std::size_t i = 0; i < 40; ++i) {
    const auto logits = model.transformer().forward(sequence, std::span(ids).subspan(i, 1));
    const auto right = reference.transformer().forward(expected, std::span(ids).subspan(i, 1));
    REQUIRE(std::equal(logits.begin(), logits.end(), right.begin(), right.end()));
  }
  const moe::ReplayCounts replayed = moe::replay(trace, LruTwo(), budget_bytes);
  CHECK(replayed.requests == trace.choices());
  CHECK(replayed.hits == model.experts().get<Measuring>()->total().resident);
  CHECK(replayed.hits > 0);
  CHECK(replayed.hits < replayed.requests);
}
