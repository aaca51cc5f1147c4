// SPDX-License-Identifier: MIT
// Passes of several sequences that fail or are stopped change no sequence, and impossible batches are refused.
#include "batch_fixture.hpp"
#include "detail/core/thread_pool.hpp"
#include "detail/core/token.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/model/batch.hpp"
#include "detail/model/transformer.hpp"
#include "support/message_of.hpp"
#include "support/quantise.hpp"
#include "support/tiny_checkpoint.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <limits>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

TEST_CASE("batch: after a provider error or a stop, no sequence has changed and the pass can be repeated") {
  for (const std::string name : {"plain-bf16", "sliding-window", "qwen3-next-odd"}) {
    CAPTURE(name);
    BatchFixture f(name);
    const auto ids = batch_text(1, f.model.spec().vocabulary_size);
    const moe::SequenceOptions options{.context = 64, .chunk = 20};
    const std::vector<BatchLogits> expected = logits_alone(f.model, ids, options);
    auto first = f.model.sequence(options), second = f.model.sequence(options);
    f.model.forward(second, std::span(ids).first(20));
    moe::Batch batch = f.model.batch();
    batch.add(first, std::span(ids).first(7));
    batch.add(second, std::span(ids).subspan(20, 1));
    f.experts.failing = true;
    for (int round = 0; round < 2; ++round) {
      check_error([&] { return f.model.forward(batch); }, {"disk", "a damaged block"});
      CHECK(first.position() == 0);
      CHECK(second.position() == 20);
    }
    f.experts.failing = false;
    std::stop_source stop;
    const auto on_routes = [&](const moe::Routes&) { stop.request_stop(); };
    second.observe_routes(on_routes);
    CHECK_FALSE(f.model.forward(batch, stop.get_token()));
    CHECK(first.position() == 0);
    CHECK(second.position() == 20);
    REQUIRE(f.model.forward(batch));
    CHECK(BatchLogits(batch.logits(0).begin(), batch.logits(0).end()) == expected[6]);
    CHECK(BatchLogits(batch.logits(1).begin(), batch.logits(1).end()) == expected[20]);
  }
}

TEST_CASE("batch: the error for an infinite number names sequence and position, and changes no sequence") {
  TinyCheckpoint tiny;
  // The embedding of token 42 becomes infinite.
  const moe::Checkpoint sound = tiny.open();
  const moe::TensorInfo* embedding = sound.find("model.embed_tokens.weight");
  REQUIRE(embedding);
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<std::byte> bytes = encode(embedding->dtype, {&infinity, 1});
  const std::size_t hidden = moe::ModelSpec(sound).hidden_size;
  tiny.set_tensor(embedding->name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                  42 * hidden * bytes.size());
  const moe::Checkpoint checkpoint = tiny.open();
  moe::MemoryProvider experts(checkpoint);
  moe::ThreadPool pool(1);
  const moe::Transformer model(checkpoint, experts, pool);
  auto first = model.sequence(), second = model.sequence();
  const std::vector<moe::TokenId> good{1, 2, 3}, bad{4, 5, 42};
  moe::Batch batch = model.batch();
  batch.add(first, good);
  batch.add(second, bad);
  check_error([&] { return model.forward(batch); },
              {"embedding", "infinity, first at position 2 of sequence 1 of the batch"});
  CHECK(first.position() == 0);
  CHECK(second.position() == 0);
  batch.clear();
  batch.add(first, good);
  CHECK(model.forward(batch));
}

TEST_CASE(
    "batch: a sequence twice, a foreign sequence, wrong ids and too many tokens are refused and not added") {
  BatchFixture f, other;
  const std::span<const moe::TokenId> one = std::span(batch_prompt).first(1);
  auto first = f.model.sequence({.context = 8, .chunk = 4}), second = f.model.sequence(),
       third = f.model.sequence(), foreign = other.model.sequence();
  moe::Batch batch = f.model.batch({.sequences = 2, .tokens = 6});
  check_error([&] { return f.model.forward(batch); }, {"batch", "at least one sequence", "none"});
  batch.add(first, one);
  check_error([&] { return batch.add(first, one); }, {"not in the batch", "index 0"});
  check_error([&] { return batch.add(foreign, one); }, {"another transformer"});
  check_error([&] { return batch.add(second, {}); }, {"ids", "at least one"});
  check_error([&] { return batch.add(second, std::vector<moe::TokenId>{320}); }, {"below 320"});
  check_error([&] { return batch.add(second, batch_prompt); }, {"at most 6", "at most 5 more", "7"});
  CHECK(batch.size() == 1);
  CHECK(batch.room() == 5);
  batch.add(second, one);
  CHECK(batch.room() == 0);
  check_error([&] { return batch.add(third, one); }, {"sequences", "at most 2"});
  batch.clear();
  check_error([&] { return batch.add(first, std::span(batch_prompt).first(5)); }, {"at most 4", "chunk"});
  f.model.forward(first, batch_prompt);
  check_error([&] { return batch.add(first, std::span(batch_prompt).first(2)); }, {"at most 8 positions"});
  check_error([&] { return other.model.forward(batch); }, {"a batch of another transformer"});
}

TEST_CASE("batch: a sequence that has moved on since it was added is an error that changes no sequence") {
  BatchFixture f;
  auto first = f.model.sequence(), second = f.model.sequence();
  moe::Batch batch = f.model.batch();
  batch.add(first, std::span(batch_prompt).first(1));
  batch.add(second, std::span(batch_prompt).first(1));
  f.model.forward(second, batch_prompt);
  check_error([&] { return f.model.forward(batch); }, {"sequence 1 of the batch", "position 0", "7"});
  CHECK(first.position() == 0);
  CHECK(second.position() == 7);
}

TEST_CASE("batch: options without sequences, or with fewer tokens than sequences, are refused") {
  BatchFixture f;
  check_error([&] { return f.model.batch({.sequences = 0}); }, {"sequences", "at least 1"});
  check_error([&] { return f.model.batch({.sequences = 4, .tokens = 3}); }, {"tokens", "at least 4", "3"});
  CHECK(f.model.batch({.sequences = 1, .tokens = 1}).scratch_bytes() > 0);
}
