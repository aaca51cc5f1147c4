// SPDX-License-Identifier: MIT
// Lossy providers in a transformer: the same bits while they are off, and counted use while they are on.
#include "detail/core/dtype.hpp"
#include "detail/core/thread_pool.hpp"
#include "detail/core/token.hpp"
#include "detail/experts/allowed_experts.hpp"
#include "detail/experts/caching_provider.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/experts/fallback_provider.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/experts/read_provider.hpp"
#include "detail/experts/zero_provider.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/model/transformer.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"
#include "support/quantised_experts.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

/// Delivers every expert, and has none resident.
struct NeverResident {
  const moe::ExpertWeights* acquire(moe::ExpertId id) { return experts.acquire(id); }
  moe::MemoryProvider experts;
};

const moe::Checkpoint& lossy_model() {
  static const moe::Checkpoint one(golden("plain-f32"));
  return one;
}

auto never_resident() { return NeverResident{moe::MemoryProvider(lossy_model())}; }

/// The logits of a prompt of 4 tokens and of 12 single tokens after it.
template <moe::ExpertProvider P>
std::vector<float> logits_with(P& provider) {
  moe::ThreadPool pool(2);
  const moe::Transformer model(lossy_model(), provider, pool);
  auto sequence = model.sequence();
  std::vector<float> out;
  const auto keep = [&](std::span<const float> logits) {
    out.insert(out.end(), logits.begin(), logits.end());
  };
  keep(model.forward(sequence, std::vector<moe::TokenId>{5, 17, 3, 91}));
  for (moe::TokenId id = 0; id < 12; ++id) keep(model.forward(sequence, std::vector<moe::TokenId>{7 * id}));
  return out;
}

std::vector<float> exact_logits() {
  moe::MmapProvider exact(lossy_model());
  return logits_with(exact);
}

auto small_cache() {
  const moe::ExpertCatalog catalog(lossy_model());
  const std::size_t bytes = 5 * (catalog[0].bytes() + 2 * 4096);
  return moe::CachingProvider(moe::ReadProvider(catalog), bytes);
}

}  // namespace

TEST_CASE("lossy: a provider with small copies gives the exact bits while no expert is below the threshold") {
  const std::vector<float> expected = exact_logits();
  for (const float threshold : {0.0f, 1e-9f}) {
    CAPTURE(threshold);
    moe::FallbackProvider missing(never_resident(), quantised_experts(lossy_model(), moe::DType::q4_0),
                                  {.threshold = threshold});
    CHECK(logits_with(missing) == expected);
    CHECK(missing.statistics().small_copies == 0);
    CHECK(missing.statistics().exact > 0);
    moe::FallbackProvider cached(small_cache(), moe::ZeroProvider(moe::ExpertCatalog(lossy_model())),
                                 {.threshold = threshold});
    CHECK(logits_with(cached) == expected);
    CHECK(cached.statistics().small_copies == 0);
  }
}

TEST_CASE("lossy: resident experts give the exact bits with every threshold") {
  moe::FallbackProvider resident(moe::MemoryProvider(lossy_model()),
                                 quantised_experts(lossy_model(), moe::DType::q4_0), {.threshold = 2});
  CHECK(logits_with(resident) == exact_logits());
  CHECK(resident.statistics().small_copies == 0);
}

TEST_CASE("lossy: small copies with the exact weights give the exact bits, whatever is replaced") {
  moe::FallbackProvider replaced(never_resident(), moe::MemoryProvider(lossy_model()), {.threshold = 2});
  CHECK(logits_with(replaced) == exact_logits());
  CHECK(replaced.statistics().small_copies > 0);
}

TEST_CASE("lossy: the weight that small copies served is the weight of the choices below the threshold") {
  constexpr float threshold = 0.4f;
  moe::FallbackProvider experts(never_resident(), quantised_experts(lossy_model(), moe::DType::q8_0),
                                {.threshold = threshold, .fetch_exact = false});
  moe::ThreadPool pool(2);
  const moe::Transformer model(lossy_model(), experts, pool);
  auto sequence = model.sequence();
  double expected = 0;
  std::uint64_t choices = 0;
  const auto on_routes = [&](const moe::Routes& routes) {
    float total = 0;
    for (const float weight : routes.weights) total += weight;
    for (const float weight : routes.weights)
      if (weight / total < threshold) expected += static_cast<double>(weight / total);
    ++choices;
  };
  sequence.observe_routes(on_routes);
  for (moe::TokenId id = 0; id < 12; ++id) model.forward(sequence, std::vector<moe::TokenId>{id});
  CHECK(expected > 0);
  CHECK(expected < static_cast<double>(choices));
  CHECK(experts.statistics().small_weight == doctest::Approx(expected));
  CHECK(experts.statistics().small_share(choices) ==
        doctest::Approx(expected / static_cast<double>(choices)));
}

TEST_CASE("lossy: prompts get exact experts with every threshold") {
  moe::FallbackProvider experts(never_resident(), moe::ZeroProvider(moe::ExpertCatalog(lossy_model())),
                                {.threshold = 2});
  moe::ThreadPool pool(2);
  const moe::Transformer model(lossy_model(), experts, pool);
  auto sequence = model.sequence();
  model.forward(sequence, std::vector<moe::TokenId>{5, 17, 3, 91});
  CHECK(experts.statistics().small_copies == 0);
  CHECK(experts.statistics().exact > 0);
}

TEST_CASE("lossy: experts dropped by a zero provider give the bits of experts whose weights are zero") {
  moe::MemoryProvider zeros;
  const moe::ExpertCatalog catalog(lossy_model());
  for (const moe::ExpertId id : catalog.ids()) {
    const std::vector<std::byte> memory(catalog.at(id).bytes());
    zeros.add(id, catalog.view(id, memory.data()));
  }
  const auto logits_of = [](auto small) {
    moe::FallbackProvider experts(never_resident(), std::move(small), {.threshold = 0.4f});
    return logits_with(experts);
  };
  const std::vector<float> dropped = logits_of(moe::ZeroProvider(catalog));
  CHECK(dropped == logits_of(std::move(zeros)));
  CHECK(dropped != exact_logits());
}

TEST_CASE(
    "lossy: an adjustment of choices that changes nothing keeps every bit, and is called for single tokens "
    "only") {
  moe::MmapProvider experts(lossy_model());
  moe::ThreadPool pool(2);
  std::size_t calls = 0;
  const auto count = [&](std::size_t, std::span<float>) { ++calls; };
  const moe::Transformer exact(lossy_model(), experts, pool),
      adjusted(lossy_model(), experts, pool, {.adjust_choice = count});
  auto a = exact.sequence(), b = adjusted.sequence();
  const auto same = [&](const std::vector<moe::TokenId>& ids) {
    const std::span<const float> expected = exact.forward(a, ids), found = adjusted.forward(b, ids);
    return std::equal(expected.begin(), expected.end(), found.begin(), found.end());
  };
  CHECK(same({5, 17, 3, 91}));
  CHECK(calls == 0);
  CHECK(same({7}));
  CHECK(calls == exact.spec().layers.size());
}

TEST_CASE("lossy: raised scores decide the choice, and the weights are those of the router") {
  moe::MmapProvider experts(lossy_model());
  moe::ThreadPool pool(2);
  const auto raise_third = [](std::size_t, std::span<float> scores) { scores[3] += 1000; };
  const moe::Transformer model(lossy_model(), experts, pool, {.adjust_choice = raise_third});
  auto sequence = model.sequence();
  std::size_t layers = 0;
  const auto on_routes = [&](const moe::Routes& routes) {
    ++layers;
    CHECK(routes.experts[0] == 3);
    float sum = 0;
    for (const float weight : routes.weights) sum += weight;
    CHECK(sum == doctest::Approx(1).epsilon(1e-5));
    CHECK(routes.weights[0] < 0.999f);
  };
  sequence.observe_routes(on_routes);
  model.forward(sequence, std::vector<moe::TokenId>{7});
  CHECK(layers == model.spec().layers.size());
}

TEST_CASE("lossy: an adjustment of choices is refused for a restricted router and for a sparsemixer") {
  moe::ThreadPool pool(1);
  const auto nothing = [](std::size_t, std::span<float>) {};
  const auto with = [&](const std::string& name, moe::AllowedExperts allowed) {
    return [&, name, allowed] {
      const moe::Checkpoint checkpoint(golden(name));
      moe::MmapProvider experts(checkpoint);
      (void)moe::Transformer(checkpoint, experts, pool,
                             {.allowed_experts = allowed, .adjust_choice = nothing});
      return 0;
    };
  };
  moe::AllowedExperts some;
  some.allow_only(0, std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6, 7});
  check_error(with("plain-f32", some), {"adjust_choice", "allowed experts"});
  check_error(with("phimoe", {}), {"adjust_choice", "sparsemixer"});
}
