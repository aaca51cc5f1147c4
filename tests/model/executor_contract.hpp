// SPDX-License-Identifier: MIT
#pragma once
// The contract of executors, as doctest checks. To test an executor of your own:
//
//   TEST_CASE("my executor: keeps the contract") {
//     const moe::Checkpoint checkpoint(path);
//     check_executor_contract([&](moe::AnyProvider experts) { return std::make_shared<MyExecutor>(checkpoint, experts); },
//                             checkpoint, experts);
//   }
//
// The executor computes with the provider that it gets, wherever it computes.

#include "detail/core/thread_pool.hpp"
#include "detail/experts/any_provider.hpp"
#include "detail/experts/optional_members.hpp"
#include "detail/experts/provider.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/model/expert_executor.hpp"
#include "detail/model/feed_forward/feed_forward.hpp"
#include "detail/model/local_executor.hpp"
#include "detail/model/transformer.hpp"
#include "detail/simd/kernels.hpp"
#include "detail/spec/model_spec.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace executor_contract {

/// A batch with memory of its own. Each result is `unwritten` until an executor writes it.
struct OwnedBatch {
  static constexpr float unwritten = 12345;

  std::vector<moe::ExpertGroup> groups;
  std::vector<std::uint32_t> token_of;
  std::vector<float> weights, inputs, scales, results;
  std::vector<std::int8_t> quants;
  moe::ExpertBatch batch;

  OwnedBatch() = default;
  OwnedBatch(const OwnedBatch&) = delete;
  OwnedBatch& operator=(const OwnedBatch&) = delete;

  void add_group(std::uint32_t expert, const std::vector<std::uint32_t>& tokens) {
    groups.push_back({expert, token_of.size(), tokens.size()});
    token_of.insert(token_of.end(), tokens.begin(), tokens.end());
  }

  void complete(std::uint32_t layer, std::size_t tokens, std::size_t hidden, std::mt19937& random) {
    std::normal_distribution<float> normal;
    inputs.resize(tokens * hidden);
    for (float& x : inputs) x = normal(random);
    weights.assign(token_of.size(), 0.5f);
    results.assign(token_of.size() * hidden, unwritten);
    if (hidden % 32 == 0) {
      quants.resize(inputs.size());
      scales.resize(inputs.size() / 32);
      std::vector<std::int16_t> sums(inputs.size() / 16);
      if (!inputs.empty())
        moe::detail::simd::kernels().quantise(inputs.data(), quants.data(), scales.data(), sums.data(),
                                              inputs.size());
    }
    batch = {.layer = layer,
             .tokens = tokens,
             .hidden = hidden,
             .groups = groups,
             .token_of = token_of,
             .weights = weights,
             .inputs = inputs,
             .quants = quants,
             .scales = scales,
             .results = results};
  }
};

/// Counts the acquires of each expert, and fails while `fails` is set.
struct CountingExperts {
  struct Script {
    std::mutex mutex;
    std::map<moe::ExpertId, int> acquired;
    std::atomic<bool> fails = false;
  };

  moe::AnyProvider::Lease acquire(moe::ExpertId id) {
    if (script->fails) throw moe::Error("disk: expected an expert, found smoke");
    const std::lock_guard lock(script->mutex);
    ++script->acquired[id];
    return experts.acquire(id);
  }

  moe::AnyProvider experts;
  std::shared_ptr<Script> script = std::make_shared<Script>();
};

struct Case {
  moe::ModelSpec spec;
  moe::AnyProvider experts;
  moe::ThreadPool pool{2};
  std::mt19937 random{7};
  std::shared_ptr<moe::ExpertExecutor> tested = {};

  std::uint32_t first_layer() const {
    std::uint32_t layer = 0;
    while (!spec.layers[layer].router()) ++layer;
    return layer;
  }

  std::size_t hidden(std::uint32_t layer) const {
    return moe::detail::expert_shape(*spec.layers[layer].feed_forward, spec.hidden_size).hidden;
  }

  void complete(OwnedBatch& owned, std::uint32_t layer, std::size_t tokens) {
    owned.complete(layer, tokens, hidden(layer), random);
  }

  /// Each token takes as many experts as the router gives it.
  void choose(OwnedBatch& owned, std::uint32_t layer, std::size_t tokens) {
    const moe::RouterSpec& router = *spec.layers[layer].router();
    std::map<std::uint32_t, std::vector<std::uint32_t>> tokens_of;
    std::vector<std::uint32_t> experts_of_token(router.experts);
    for (std::uint32_t i = 0; i < router.experts; ++i) experts_of_token[i] = i;
    for (std::uint32_t t = 0; t < tokens; ++t) {
      std::shuffle(experts_of_token.begin(), experts_of_token.end(), random);
      for (std::size_t r = 0; r < router.per_token; ++r) tokens_of[experts_of_token[r]].push_back(t);
    }
    for (const auto& [expert, own] : tokens_of) owned.add_group(expert, own);
    complete(owned, layer, tokens);
  }

  /// The results of LocalExecutor.
  std::vector<float> expected(const OwnedBatch& owned) {
    std::vector<float> results(owned.results.size(), OwnedBatch::unwritten);
    moe::ExpertBatch batch = owned.batch;
    batch.results = results;
    moe::LocalExecutor local(spec, experts, pool);
    local.begin(batch);
    local.finish();
    return results;
  }

  void check_bits(const OwnedBatch& owned) {
    CAPTURE(owned.batch.layer);
    CAPTURE(owned.batch.tokens);
    tested->begin(owned.batch);
    tested->finish();
    const std::vector<float> wanted = expected(owned);
    REQUIRE(wanted.size() == owned.results.size());
    if (!wanted.empty())
      CHECK(std::memcmp(wanted.data(), owned.results.data(), wanted.size() * sizeof(float)) == 0);
  }
};

inline void computes_the_bits_of_the_local_executor(Case& c) {
  for (std::uint32_t layer = 0; layer < c.spec.layers.size(); ++layer)
    for (const std::size_t tokens : {1u, 2u, 17u}) {
      if (!c.spec.layers[layer].router()) continue;
      OwnedBatch owned;
      c.choose(owned, layer, tokens);
      c.check_bits(owned);
    }
}

inline void computes_odd_groups(Case& c) {
  const std::uint32_t layer = c.first_layer();
  const auto last = static_cast<std::uint32_t>(c.spec.layers[layer].router()->experts - 1);
  OwnedBatch none, no_tokens, one, all;
  c.complete(none, layer, 3);
  c.complete(no_tokens, layer, 0);
  one.add_group(last, {4, 0, 4, 2});  // out of order, one token twice, tokens without an expert
  c.complete(one, layer, 5);
  for (std::uint32_t expert = 0; expert <= last; ++expert) all.add_group(expert, {0});
  c.complete(all, layer, 1);
  for (OwnedBatch* batch : {&none, &no_tokens, &one, &all, &none}) c.check_bits(*batch);
}

inline void writes_only_slots_of_groups(Case& c) {
  OwnedBatch owned;
  c.choose(owned, c.first_layer(), 9);
  const moe::ExpertGroup left_out = owned.groups[owned.groups.size() / 2];
  owned.groups.erase(owned.groups.begin() + static_cast<std::ptrdiff_t>(owned.groups.size() / 2));
  owned.batch.groups = owned.groups;
  c.check_bits(owned);
  CHECK(owned.results[left_out.first * owned.batch.hidden] == OwnedBatch::unwritten);
}

/// Runs a batch that fails, and returns the message.
inline std::string failure(moe::ExpertExecutor& executor, const moe::ExpertBatch& batch) {
  return message_of([&] {
    executor.begin(batch);
    executor.finish();
  });
}

inline void refuses_impossible_batches(Case& c) {
  const std::uint32_t layer = c.first_layer();
  const auto refuse = [&](auto change) {
    OwnedBatch owned, next;
    c.choose(owned, layer, 3);
    change(owned);
    CHECK_FALSE(failure(*c.tested, owned.batch).empty());
    c.choose(next, layer, 2);
    c.check_bits(next);
  };
  refuse([](OwnedBatch& owned) { owned.batch.layer = 1u << 30; });
  refuse([](OwnedBatch& owned) { owned.groups.back().expert = 1u << 30; });
}

inline void passes_exceptions_through(Case& c, CountingExperts::Script& script) {
  for (int round = 0; round < 3; ++round) {
    OwnedBatch owned, next;
    c.choose(owned, c.first_layer(), 3);
    script.fails = true;
    CHECK(failure(*c.tested, owned.batch).find("found smoke") != std::string::npos);
    script.fails = false;
    c.choose(next, c.first_layer(), 4);
    c.check_bits(next);
  }
}

inline void computes_each_group_once(Case& c, CountingExperts::Script& script) {
  OwnedBatch owned;
  c.choose(owned, c.first_layer(), 6);
  script.acquired.clear();
  c.tested->begin(owned.batch);
  c.tested->finish();
  const std::lock_guard lock(script.mutex);
  CHECK(script.acquired.size() == owned.groups.size());
  for (const moe::ExpertGroup& group : owned.groups)
    CHECK(script.acquired[{owned.batch.layer, group.expert}] == 1);
}

inline std::vector<float> logits(const moe::Transformer& model, std::size_t chunk, moe::TokenId salt) {
  std::vector<moe::TokenId> ids(19);
  for (std::size_t i = 0; i < ids.size(); ++i)
    ids[i] = static_cast<moe::TokenId>((i * i * 31 + salt) % model.spec().vocabulary_size);
  auto sequence = model.sequence({.context = 32, .chunk = chunk});
  std::vector<float> out;
  model.forward_each(sequence, ids, [&](std::size_t, std::span<const float> row) {
    out.insert(out.end(), row.begin(), row.end());
  });
  return out;
}

/// Texts in several threads have the logits of a transformer with the provider.
inline void serves_a_transformer(Case& c, const moe::Checkpoint& checkpoint) {
  const moe::Transformer usual(checkpoint, c.experts, c.pool), model(checkpoint, c.tested, c.pool);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (moe::TokenId salt = 0; salt < 3; ++salt)
    threads.emplace_back([&, salt] {
      for (const std::size_t chunk : {1u, 5u, 32u})
        if (logits(model, chunk, salt) != logits(usual, 32, salt)) ++wrong;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

}  // namespace executor_contract

/// make(experts): a shared pointer to a new executor that computes with this provider. experts: all experts of the checkpoint.
template <class Make>
void check_executor_contract(Make make, const moe::Checkpoint& checkpoint, moe::AnyProvider experts) {
  using namespace executor_contract;
  Case c{.spec = moe::ModelSpec(checkpoint), .experts = experts};
  CountingExperts counting{experts};
  c.tested = make(moe::AnyProvider(counting));
  computes_the_bits_of_the_local_executor(c);
  computes_odd_groups(c);
  writes_only_slots_of_groups(c);
  refuses_impossible_batches(c);
  passes_exceptions_through(c, *counting.script);
  computes_each_group_once(c, *counting.script);
  serves_a_transformer(c, checkpoint);
}
