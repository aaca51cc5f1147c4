// SPDX-License-Identifier: MIT
// The guarantees of a sequence for every kind of mixer: the same bits for all threads, chunks and providers; after going back,
// forks, errors and stops.
#include "detail/core/thread_pool.hpp"
#include "detail/core/token.hpp"
#include "detail/experts/any_provider.hpp"
#include "detail/experts/caching_provider.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/experts/read_provider.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/model/transformer.hpp"
#include "support/checkpoints.hpp"
#include "support/test_data.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

namespace {

/// One checkpoint for each kind of mixer: windows, latents, delta net, Mamba-2, short convolution.
std::vector<std::string> mixer_checkpoints() {
  std::vector<std::string> out;
  for (const char* name : {"gpt-oss.gguf", "gemma4-moe-f32", "glm4_moe_lite", "qwen3_5_moe", "nemotron_h",
                           "granitemoehybrid", "lfm2moe-f32"})
    if (const auto path = test_data(std::string("golden/") + name)) out.push_back(*path);
  return out;
}

/// 90 arbitrary tokens: more than one block of keys in attention.
std::vector<moe::TokenId> mixer_tokens(std::size_t vocabulary, std::size_t count = 90) {
  std::vector<moe::TokenId> ids(count);
  for (std::size_t i = 0; i < ids.size(); ++i)
    ids[i] = static_cast<moe::TokenId>((i * i * 7919 + 13) % vocabulary);
  return ids;
}

struct MixerText {
  explicit MixerText(const std::string& path, std::size_t threads = 2)
      : checkpoint(path),
        experts(moe::MmapProvider(checkpoint)),
        pool(threads),
        model(checkpoint, experts, pool),
        ids(mixer_tokens(model.spec().vocabulary_size)) {}

  std::vector<float> read(moe::Sequence& sequence, std::size_t first, std::size_t count) const {
    const auto logits = model.forward(sequence, std::span(ids).subspan(first, count));
    return {logits.begin(), logits.end()};
  }

  moe::Checkpoint checkpoint;
  moe::AnyProvider experts;
  moe::ThreadPool pool;
  moe::Transformer model;
  std::vector<moe::TokenId> ids;
};

std::vector<float> mixer_logits(const moe::Checkpoint& checkpoint, moe::AnyProvider experts,
                                std::size_t threads, std::size_t chunk) {
  moe::ThreadPool pool(threads);
  const moe::Transformer model(checkpoint, experts, pool);
  auto sequence = model.sequence({.context = 128, .chunk = chunk});
  std::vector<float> out;
  model.forward_each(sequence, mixer_tokens(model.spec().vocabulary_size),
                     [&](std::size_t, std::span<const float> logits) {
                       out.insert(out.end(), logits.begin(), logits.end());
                     });
  return out;
}

}  // namespace

TEST_CASE("mixers: logits do not depend on threads, chunks, providers and budgets" *
          doctest::test_suite("long")) {
  for (const std::string& path : mixer_checkpoints()) {
    CAPTURE(path);
    const moe::Checkpoint checkpoint(path);
    const moe::AnyProvider mapped{moe::MmapProvider(checkpoint)}, in_memory{moe::MemoryProvider(checkpoint)};
    const std::vector<float> expected = mixer_logits(checkpoint, mapped, 1, 512);
    for (const std::size_t threads : {1u, 2u, 3u})
      for (const std::size_t chunk : {1u, 2u, 7u, 64u}) {
        CAPTURE(threads);
        CAPTURE(chunk);
        CHECK(mixer_logits(checkpoint, mapped, threads, chunk) == expected);
      }
    CHECK(mixer_logits(checkpoint, in_memory, 2, 33) == expected);
    for (const std::size_t experts : {1u, 5u}) {
      moe::ReadProvider reading(checkpoint);
      const std::size_t budget = experts * reading.largest_bytes();
      const moe::AnyProvider cached{moe::CachingProvider(std::move(reading), {.budget_bytes = budget})};
      CHECK(mixer_logits(checkpoint, cached, 2, 5) == expected);
    }
  }
}

TEST_CASE("mixers: a sequence that is rewound and computed again has the same logits") {
  for (const std::string& path : mixer_checkpoints()) {
    CAPTURE(path);
    const MixerText text(path);
    auto sequence = text.model.sequence({.context = 128, .chunk = 16});
    text.read(sequence, 0, 30);
    sequence.take_snapshot(moe::Sequence::SnapshotKind::prompt_end);
    const std::vector<float> expected = text.read(sequence, 30, 60);
    for (const std::size_t position : {80u, 31u, 30u, 29u, 1u}) {
      CAPTURE(position);
      const std::size_t landed = sequence.rewind(position);
      CHECK(landed <= position);
      CHECK(text.read(sequence, landed, 90 - landed) == expected);
    }
  }
}

TEST_CASE("mixers: a model of attention rewinds to any position, a recurrent model to a snapshot") {
  for (const std::string& path : mixer_checkpoints()) {
    CAPTURE(path);
    const MixerText text(path);
    auto sequence = text.model.sequence({.context = 128});
    text.read(sequence, 0, 30);
    sequence.take_snapshot(moe::Sequence::SnapshotKind::prompt_end);
    text.read(sequence, 30, 10);
    CHECK(sequence.rewind(35) == (sequence.needs_snapshots() ? 30 : 35));
    CHECK(sequence.position() == (sequence.needs_snapshots() ? 30 : 35));
  }
}

TEST_CASE("mixers: a fork continues with the same bits, and does not change the other sequence") {
  for (const std::string& path : mixer_checkpoints()) {
    CAPTURE(path);
    const MixerText text(path);
    auto sequence = text.model.sequence({.context = 128, .chunk = 16});
    text.read(sequence, 0, 40);
    auto fork = sequence.fork();
    const std::vector<float> expected = text.read(sequence, 40, 50);
    text.read(fork, 70, 10);  // another text
    auto second = text.model.sequence({.context = 128, .chunk = 16});
    text.read(second, 0, 40);
    auto third = second.fork();
    CHECK(text.read(third, 40, 50) == expected);
    CHECK(text.read(second, 40, 50) == expected);
  }
}

TEST_CASE("mixers: after a stop or an error in a chunk the sequence has the state before the chunk") {
  for (const std::string& path : mixer_checkpoints()) {
    CAPTURE(path);
    const MixerText text(path);
    auto expected_sequence = text.model.sequence({.context = 128});
    const std::vector<float> expected = text.read(expected_sequence, 0, 90);

    auto sequence = text.model.sequence({.context = 128, .chunk = 16});
    text.read(sequence, 0, 50);
    std::stop_source stop;
    const auto on_routes = [&](const moe::Routes&) { stop.request_stop(); };
    sequence.observe_routes(on_routes);
    CHECK(text.model.forward(sequence, std::span(text.ids).subspan(50), stop.get_token()).empty());
    CHECK(sequence.position() == 50);
    const auto fail = [](const moe::Routes&) { throw std::runtime_error("stop"); };
    sequence.observe_routes(fail);
    CHECK_THROWS_AS(text.read(sequence, 50, 40), std::runtime_error);
    CHECK(sequence.position() == 50);
    const auto nothing = [](const moe::Routes&) {};
    sequence.observe_routes(nothing);
    CHECK(text.read(sequence, 50, 40) == expected);
  }
}
