// SPDX-License-Identifier: MIT
// Each sequence of a batch must get the same logits, bit for bit, as the same sequence alone.
#include "detail/model/batch.hpp"
#include "batch_fixture.hpp"
#include "detail/core/dtype.hpp"
#include "detail/core/tensor.hpp"
#include "detail/core/thread_pool.hpp"
#include "detail/core/token.hpp"
#include "detail/experts/caching_provider.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/experts/prefetching_provider.hpp"
#include "detail/experts/read_provider.hpp"
#include "detail/extract/extraction.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/model/transformer.hpp"
#include "support/checkpoints.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

/// Models with all kinds of mixers: attention, windows, latents, and the recurrent ones.
constexpr const char* batch_cases[] = {
    "plain-bf16",      "odd-sizes",        "sliding-window",
    "mistral-window",  "gpt-oss-bf16",     "gemma4-text",
    "glm4-moe-lite",   "deepseek-v2-lite", "yarn",
    "dense-qwen3",     "qwen3-next-odd",   "qwen3-5-moe-experts",
    "lfm2-moe-biased", "nemotron-latent",  "granite-hybrid-groups",
};

/// How many tokens of text `number` the pass `pass` reads: from 1 to 17, and at most the `left` tokens that are not read yet.
std::size_t batch_part(std::size_t number, std::size_t pass, std::size_t left) {
  constexpr std::size_t parts[] = {1, 17, 4, 1, 1, 2};
  return std::min(left, parts[(number + pass) % std::size(parts)]);
}

struct BatchText {
  std::vector<moe::TokenId> ids;
  std::vector<BatchLogits> expected;  // at all positions
  moe::Sequence sequence;
  std::size_t joins;  // the pass in which the text joins

  std::span<const moe::TokenId> rest() const { return std::span(ids).subspan(sequence.position()); }
};

/// Computes `count` texts together. Two texts join in each pass, and a text leaves when it ends. Compares the logits of each
/// pass with the logits of each text alone. Returns the number of passes.
std::size_t check_batch(const moe::Transformer& model, std::size_t count,
                        const moe::SequenceOptions& options = {.context = 64, .chunk = 20}) {
  std::vector<BatchText> texts;
  for (std::size_t i = 0; i < count; ++i) {
    const auto ids = batch_text(i, model.spec().vocabulary_size);
    texts.push_back({ids, logits_alone(model, ids, options), model.sequence(options), i / 2});
  }
  moe::Batch batch = model.batch({.sequences = count, .tokens = 17 * count});
  for (std::size_t pass = 0;; ++pass) {
    batch.clear();
    std::vector<BatchText*> taking_part;
    for (std::size_t i = 0; i < count; ++i) {
      BatchText& text = texts[i];
      if (text.joins > pass || text.rest().empty()) continue;
      CHECK(batch.add(text.sequence, text.rest().first(batch_part(i, pass, text.rest().size()))) ==
            taking_part.size());
      taking_part.push_back(&text);
    }
    if (taking_part.empty()) return pass;
    REQUIRE(model.forward(batch));
    for (std::size_t i = 0; i < taking_part.size(); ++i) {
      const std::span<const float> logits = batch.logits(i);
      const BatchLogits& expected = taking_part[i]->expected[taking_part[i]->sequence.position() - 1];
      CHECK(std::equal(logits.begin(), logits.end(), expected.begin(), expected.end()));
    }
  }
}

}  // namespace

TEST_CASE("batch: each sequence gets the bits that it gets alone, in every family" *
          doctest::test_suite("long")) {
  for (const std::string name : batch_cases) {
    CAPTURE(name);
    const moe::Checkpoint checkpoint(golden(name));
    moe::MmapProvider experts(checkpoint);
    for (const std::size_t threads : {1u, 3u}) {
      moe::ThreadPool pool(threads);
      const moe::Transformer model(checkpoint, experts, pool);
      for (const std::size_t count : {1u, 2u, 3u, 8u}) {
        CAPTURE(count);
        CHECK(check_batch(model, count) > 1);
      }
    }
  }
}

TEST_CASE(
    "batch: each sequence gets the bits that it gets alone, with quantised weights in rows and in panels") {
  for (const moe::DType type : {moe::DType::q4_0, moe::DType::q8_0}) {
    CAPTURE(moe::detail::name(type));
    TemporaryDirectory directory;
    moe::Extraction(moe::Checkpoint(bundled_model()), directory.path() + "/out", {.type = type}).run();
    const moe::Checkpoint checkpoint(directory.path() + "/out");
    moe::MmapProvider mapped(checkpoint);
    moe::MemoryProvider panels(moe::ExpertCatalog(checkpoint), moe::Matrix::Order::panels);
    moe::ThreadPool pool(2);
    CHECK(check_batch(moe::Transformer(checkpoint, mapped, pool), 8) > 3);
    CHECK(check_batch(moe::Transformer(checkpoint, panels, pool, {.weights = moe::WeightStorage::owned}), 8) >
          3);
  }
}

TEST_CASE(
    "batch: each sequence gets the bits that it gets alone, with small budgets and all types of KV caches") {
  const moe::Checkpoint checkpoint(bundled_model());
  moe::ThreadPool pool(2);
  for (const std::size_t experts : {1u, 5u, 40u})
    for (const moe::DType kv_type : {moe::DType::f16, moe::DType::f32, moe::DType::q8_0}) {
      CAPTURE(experts);
      CAPTURE(moe::detail::name(kv_type));
      moe::ReadProvider reading(checkpoint);
      const std::size_t budget = experts * reading.largest_bytes();
      moe::PrefetchingProvider provider(
          moe::CachingProvider(std::move(reading), moe::CacheOptions{.budget_bytes = budget}), 2);
      const moe::Transformer model(checkpoint, provider, pool);
      CHECK(check_batch(model, 3, {.context = 64, .chunk = 20, .kv_type = kv_type}) > 3);
    }
}

TEST_CASE("batch: sequences with different context lengths use the same RoPE frequencies as alone") {
  const moe::Checkpoint checkpoint(golden("phimoe"));
  moe::MmapProvider experts(checkpoint);
  moe::ThreadPool pool(2);
  const moe::Transformer model(checkpoint, experts, pool);
  const std::vector<moe::TokenId> short_and_long = batch_text(0, model.spec().vocabulary_size);
  std::vector<moe::Sequence> sequences;
  std::vector<BatchLogits> expected;
  for (const std::size_t context : {16u, 4096u}) {
    sequences.push_back(model.sequence({.context = context}));
    expected.push_back(logits_alone(model, short_and_long, {.context = context}).back());
  }
  CHECK(expected[0] != expected[1]);  // the model has RoPE frequencies for short and for long contexts
  moe::Batch batch = model.batch();
  for (moe::Sequence& sequence : sequences) batch.add(sequence, short_and_long);
  REQUIRE(model.forward(batch));
  for (std::size_t i = 0; i < 2; ++i)
    CHECK(BatchLogits(batch.logits(i).begin(), batch.logits(i).end()) == expected[i]);
}

TEST_CASE("batch: forks of one prompt, continued together, get the bits that each fork gets alone") {
  for (const std::string name : {"plain-bf16", "sliding-window", "qwen3-next-odd", "nemotron-latent"}) {
    CAPTURE(name);
    const BatchFixture f(name);
    const moe::SequenceOptions options{.context = 64, .chunk = 20};
    std::vector<moe::TokenId> ids = batch_text(1, f.model.spec().vocabulary_size);
    auto sequence = f.model.sequence(options);
    f.model.forward(sequence, std::span(ids).first(30));
    moe::Batch batch = f.model.batch();
    std::vector<moe::Sequence> forks;
    for (int i = 0; i < 3; ++i) forks.push_back(sequence.fork());
    for (std::size_t i = 0; i < 3; ++i) batch.add(forks[i], std::span(ids).subspan(30 + i, 5));
    REQUIRE(f.model.forward(batch));
    for (std::size_t i = 0; i < 3; ++i) {
      std::vector<moe::TokenId> whole(ids.begin(), ids.begin() + 30);
      whole.insert(whole.end(), ids.begin() + 30 + static_cast<std::ptrdiff_t>(i),
                   ids.begin() + 35 + static_cast<std::ptrdiff_t>(i));
      const BatchLogits expected = logits_alone(f.model, whole, options).back();
      CHECK(BatchLogits(batch.logits(i).begin(), batch.logits(i).end()) == expected);
    }
  }
}
