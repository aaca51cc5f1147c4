// SPDX-License-Identifier: MIT
#pragma once
// A model with a provider that counts, and texts, for the tests of batches.
#include "detail/core/error.hpp"
#include "detail/core/thread_pool.hpp"
#include "detail/core/token.hpp"
#include "detail/experts/allowed_experts.hpp"
#include "detail/experts/expert.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/experts/provider.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/model/transformer.hpp"
#include "support/checkpoints.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

using BatchLogits = std::vector<float>;

/// The tokens of text `number` of a batch. The texts differ in length: text 1 has 40 tokens, each other text n has 5 + 3 · n.
inline std::vector<moe::TokenId> batch_text(std::size_t number, std::size_t vocabulary) {
  std::vector<moe::TokenId> ids(number == 1 ? 40 : 5 + 3 * number);
  for (std::size_t i = 0; i < ids.size(); ++i)
    ids[i] = static_cast<moe::TokenId>((i * i * 7919 + i * 31 + number * 101 + 13) % vocabulary);
  return ids;
}

/// The logits of a text alone, at all positions.
inline std::vector<BatchLogits> logits_alone(const moe::Transformer& model, std::span<const moe::TokenId> ids,
                                             const moe::SequenceOptions& options) {
  auto sequence = model.sequence(options);
  std::vector<BatchLogits> out;
  model.forward_each(sequence, ids, [&](std::size_t, std::span<const float> logits) {
    out.emplace_back(logits.begin(), logits.end());
  });
  return out;
}

/// Counts the acquired and the announced experts. If `failing`, each acquire() throws.
struct BatchCounter {
  const moe::ExpertWeights* acquire(moe::ExpertId id) {
    if (failing) moe::detail::fail("disk", "expert", "a readable block", "a damaged block");
    ++acquired[id];
    return experts.acquire(id);
  }
  void hint(const moe::Announcement& announcement) noexcept {
    ++announced[announcement.kind];
    if (announcement.kind == moe::Announcement::Kind::chosen)
      for (const float weight : announcement.weights) announced_weight += weight;
    if (announcement.kind == moe::Announcement::Kind::used)
      for (std::size_t i = 0; i < announcement.ids.size(); ++i)
        used[announcement.ids[i]] += announcement.tokens[i];
  }

  moe::MemoryProvider experts;
  std::map<moe::ExpertId, int> acquired = {};
  std::map<moe::Announcement::Kind, int> announced = {};
  std::map<moe::ExpertId, std::uint32_t> used = {};
  float announced_weight = 0;
  bool failing = false;
};

struct BatchFixture {
  explicit BatchFixture(const std::string& name = "plain-bf16", const moe::AllowedExperts& allowed = {})
      : checkpoint(golden(name)),
        experts{moe::MemoryProvider(checkpoint)},
        model(checkpoint, experts, pool, {.allowed_experts = allowed}) {}

  moe::Checkpoint checkpoint;
  BatchCounter experts;
  moe::ThreadPool pool{2};
  moe::Transformer model;
};

inline const std::vector<moe::TokenId> batch_prompt{5, 17, 3, 91, 5, 42, 7};
