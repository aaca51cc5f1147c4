// SPDX-License-Identifier: MIT
// Counts the calls of operator new while tokens are generated. A separate program, since it replaces operator new.
#include "detail/experts/any_provider.hpp"
#include "detail/experts/caching_provider.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/experts/read_provider.hpp"
#include "detail/generate/model.hpp"
#include "detail/generate/sampler.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/model/sequence.hpp"
#include "detail/generate/session.hpp"
#include "detail/generate/session_batch.hpp"
#include "support/checkpoints.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace {

std::atomic<std::size_t> allocations = 0;  // of all threads

void* counted(std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new[](std::size_t bytes) { return counted(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

const moe::Sampling greedy{};
const moe::Sampling drawn{
    .temperature = 0.8, .top_k = 40, .top_p = 0.95, .min_p = 0.01, .repetition_penalty = 1.1, .seed = 3};
const moe::Sampling penalised{.temperature = 1,
                              .typical_p = 0.9,
                              .presence_penalty = 0.2,
                              .frequency_penalty = 0.1,
                              .no_repeat_ngram_size = 3,
                              .logit_bias = {{5, 1}},
                              .banned_tokens = {6},
                              .banned_sequences = {{7, 8}}};

/// The number of calls of operator new for all tokens after the first.
template <class Provider>
std::size_t allocations_of(Provider provider, const moe::Sampling& sampling,
                           const moe::SequenceOptions& options = {.context = 200}) {
  const moe::Checkpoint checkpoint(bundled_model());
  const moe::Model model(checkpoint, std::move(provider), {.threads = 2});
  moe::Session session(model, options);
  std::size_t at_first = 0, tokens = 0;
  for ([[maybe_unused]] const moe::Piece& piece :
       session.stream("<|endoftext|>def test_all", {.max_tokens = 100, .sampling = sampling, .logprobs = 3}))
    if (++tokens == 1) at_first = allocations;
  const std::size_t counted = allocations - at_first;
  CHECK(tokens == 100);
  return counted;
}

moe::CachedProvider cached(std::size_t budget_bytes) {
  const moe::Checkpoint checkpoint(bundled_model());
  return moe::CachedProvider(moe::CachingProvider(moe::ReadProvider(checkpoint), budget_bytes), 2);
}

constexpr std::size_t all = std::size_t{64} << 20, few = std::size_t{2} << 20;

}  // namespace

TEST_CASE("allocations: calls of operator new are counted") {
  const std::size_t before = allocations;
  const std::string text(100, 'x');
  CHECK(allocations == before + 1);
  CHECK(text.size() == 100);
}

TEST_CASE("allocations: tokens after the first allocate nothing, with every provider") {
  const moe::Checkpoint checkpoint(bundled_model());
  for (const moe::Sampling& sampling : {greedy, drawn, penalised}) {
    CHECK(allocations_of(moe::MemoryProvider(checkpoint), sampling) == 0);
    CHECK(allocations_of(moe::MmapProvider(checkpoint), sampling) == 0);
    CHECK(allocations_of(moe::AnyProvider(moe::MemoryProvider(checkpoint)), sampling) == 0);
    CHECK(allocations_of(cached(all), sampling) == 0);
    CHECK(allocations_of(moe::AnyProvider(cached(all)), sampling) == 0);
  }
}

TEST_CASE("allocations: tokens after the first allocate nothing while experts are evicted and predicted") {
  for (const moe::Sampling& sampling : {greedy, drawn}) {
    CHECK(allocations_of(cached(few), sampling) == 0);
    CHECK(allocations_of(cached(few), sampling, {.context = 200, .lookahead = true}) == 0);
  }
}

TEST_CASE("allocations: passes of several texts after the first allocate nothing") {
  const moe::Checkpoint checkpoint(bundled_model());
  for (const std::size_t budget : {all, few}) {
    const moe::Model model(checkpoint, cached(budget), {.threads = 2});
    moe::SessionBatch batch(model, {.sequences = 3});
    std::vector<moe::Session> sessions;
    for (int i = 0; i < 3; ++i) sessions.emplace_back(model, moe::SequenceOptions{.context = 200});
    std::size_t pieces = 0;
    for (moe::Session& session : sessions)
      batch.add(session, "<|endoftext|>def test_all", {.max_tokens = 50, .sampling = drawn},
                [&](const moe::Piece&) { ++pieces; });
    batch.run_pass();
    const std::size_t at_first = allocations;
    for (int pass = 0; pass < 48; ++pass) batch.run_pass();
    CHECK(allocations == at_first);
    CHECK(pieces == 3 * 49);
  }
}
