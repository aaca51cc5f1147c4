// SPDX-License-Identifier: MIT
#include "detail/model/local_executor.hpp"
#include "detail/experts/any_provider.hpp"
#include "detail/experts/caching_provider.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/experts/prefetching_provider.hpp"
#include "detail/io/checkpoint.hpp"
#include "executor_contract.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"
#include "support/quantised_experts.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace {

void check_local_executor(const moe::Checkpoint& checkpoint, const moe::AnyProvider& experts) {
  moe::ThreadPool pool(2);
  const moe::ModelSpec spec(checkpoint);
  check_executor_contract(
      [&](moe::AnyProvider given) { return std::make_shared<moe::LocalExecutor>(spec, given, pool); },
      checkpoint, experts);
}

}  // namespace

TEST_CASE("local executor: keeps the contract with experts of each form") {
  for (const std::string& path : {bundled_model(), golden("odd-sizes"), golden("qwen2-moe"),
                                  golden("gemma4-text"), golden("nemotron-latent"), golden("gpt-oss-bf16")}) {
    CAPTURE(path);
    const moe::Checkpoint checkpoint(path);
    check_local_executor(checkpoint, moe::AnyProvider(moe::MmapProvider(checkpoint)));
  }
}

TEST_CASE(
    "local executor: int8 inputs alone give the same bits, and are refused for experts of other types") {
  const moe::Checkpoint checkpoint(bundled_model());
  const moe::ModelSpec spec(checkpoint);
  moe::ThreadPool pool(2);
  moe::AnyProvider quantised(quantised_experts(checkpoint, moe::DType::q8_0));
  executor_contract::Case c{.spec = spec, .experts = quantised};
  executor_contract::OwnedBatch owned;
  c.choose(owned, 0, 5);
  const std::vector<float> expected = c.expected(owned);
  owned.batch.inputs = {};
  CHECK(c.expected(owned) == expected);

  moe::LocalExecutor plain(spec, moe::AnyProvider(moe::MmapProvider(checkpoint)), pool);
  const auto run = [&] {
    plain.begin(owned.batch);
    plain.finish();
  };
  check_error(run, {"batch of experts: gate of expert ", "quantised weights, since the inputs are int8"});
  owned.batch.quants = {};
  check_error(run, {"f32, or int8 with scales"});
}

TEST_CASE("local executor: a number of tokens whose inputs no object can hold is refused") {
  const moe::Checkpoint checkpoint(golden("plain-bf16"));
  const moe::ModelSpec spec(checkpoint);
  moe::ThreadPool pool(1);
  moe::AnyProvider experts{moe::MmapProvider(checkpoint)};
  executor_contract::Case c{.spec = spec, .experts = experts};
  executor_contract::OwnedBatch owned;
  c.choose(owned, 0, 1);
  owned.batch.quants = {};
  owned.batch.scales = {};
  owned.batch.tokens += SIZE_MAX / owned.batch.hidden + 1;  // the product wraps around
  REQUIRE(owned.batch.tokens * owned.batch.hidden == owned.batch.inputs.size());
  moe::LocalExecutor executor(spec, experts, pool);
  check_error([&] { executor.begin(owned.batch); }, {"batch of experts: layer 0", "bytes"});
}

TEST_CASE("local executor: a cache loads and evicts as many experts as for a transformer with a provider") {
  const moe::Checkpoint checkpoint(bundled_model());
  const moe::ModelSpec spec(checkpoint);
  moe::ThreadPool pool(1);
  using Cache = moe::CachingProvider<moe::MmapProvider>;
  Cache one(moe::MmapProvider(checkpoint), std::size_t{200} << 10),
      other(moe::MmapProvider(checkpoint), std::size_t{200} << 10);
  moe::LocalExecutor executor(spec, other, pool);
  const moe::Transformer with_provider(checkpoint, one, pool), with_executor(checkpoint, executor, pool);
  CHECK(executor_contract::logits(with_provider, 4, 3) == executor_contract::logits(with_executor, 4, 3));
  CHECK(one.statistics().loads == other.statistics().loads);
  CHECK(one.statistics().evictions == other.statistics().evictions);
}
