// SPDX-License-Identifier: MIT
// Each sequence of a batch must get the same logits, bit for bit, as the same sequence alone.
#include "detail/core/dtype.hpp"
#include "detail/core/thread_pool.hpp"
#include "detail/core/token.hpp"
#include "detail/core/error.hpp"
#include "detail/core/tensor.hpp"
#include "detail/experts/allowed_experts.hpp"
#include "detail/experts/caching_provider.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/experts/expert.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/experts/prefetching_provider.hpp"
#include "detail/experts/provider.hpp"
#include "detail/experts/read_provider.hpp"
#include "detail/extract/extraction.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/model/batch.hpp"
#include "detail/model/transformer.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"
#include "support/quantise.hpp"
#include "support/temporary_directory.hpp"
#include "support/tiny_checkpoint.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace {

using Logits = std::vector<float>;

/// Models with all kinds of mixers: attention, windows, latents, and the recurrent ones.
constexpr const char* batch_cases[] = {
    "plain-bf16",      "odd-sizes",        "sliding-window",
    "mistral-window",  "gpt-oss-bf16",     "gemma4-text",
    "glm4-moe-lite",   "deepseek-v2-lite", "yarn",
    "dense-qwen3",     "qwen3-next-odd",   "qwen3-5-moe-experts",
    "lfm2-moe-biased", "nemotron-latent",  "granite-hybrid-groups",
};

/// The tokens of text `number` of a batch. The texts differ in length: text 1 has 40 tokens, each other text n has 5 + 3 · n.
std::vector<moe::TokenId> batch_text(std::size_t number, std::size_t vocabulary) {
  std::vector<moe::TokenId> ids(number == 1 ? 40 : 5 + 3 * number);
  for (std::size_t i = 0; i < ids.size(); ++i)
    ids[i] = static_cast<moe::TokenId>((i * i * 7919 + i * 31 + number * 101 + 13) % vocabulary);
  return ids;
}

/// How many tokens of text `number` the pass `pass` reads: from 1 to 17, and at most the `left` tokens that are not read yet.
std::size_t batch_part(std::size_t number, std::size_t pass, std::size_t left) {
  constexpr std::size_t parts[] = {1, 17, 4, 1, 1, 2};
  return std::min(left, parts[(number + pass) % std::size(parts)]);
}

/// The logits of a text alone, at all positions.
std::vector<Logits> logits_alone(const moe::Transformer& model, std::span<const moe::TokenId> ids,
                                 const moe::SequenceOptions& options) {
  auto sequence = model.sequence(options);
  std::vector<Logits> out;
  model.forward_each(sequence, ids, [&](std::size_t, std::span<const float> logits) {
    out.emplace_back(logits.begin(), logits.end());
  });
  return out;
}

struct BatchText {
  std::vector<moe::TokenId> ids;
  std::vector<Logits> expected;  // at all positions
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
      const Logits& expected = taking_part[i]->expected[taking_part[i]->sequence.position() - 1];
      CHECK(std::equal(logits.begin(), logits.end(), expected.begin(), expected.end()));
    }
  }
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

const std::vector<moe::TokenId> batch_prompt{5, 17, 3, 91, 5, 42, 7};

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
  std::vector<Logits> expected;
  for (const std::size_t context : {16u, 4096u}) {
    sequences.push_back(model.sequence({.context = context}));
    expected.push_back(logits_alone(model, short_and_long, {.context = context}).back());
  }
  CHECK(expected[0] != expected[1]);  // the model has RoPE frequencies for short and for long contexts
  moe::Batch batch = model.batch();
  for (moe::Sequence& sequence : sequences) batch.add(sequence, short_and_long);
  REQUIRE(model.forward(batch));
  for (std::size_t i = 0; i < 2; ++i)
    CHECK(Logits(batch.logits(i).begin(), batch.logits(i).end()) == expected[i]);
}

TEST_CASE("batch: every chosen expert is acquired once for all sequences of a pass") {
  BatchFixture f;
  std::vector<moe::Sequence> sequences;
  std::set<moe::ExpertId> chosen;
  const auto on_routes = [&](const moe::Routes& routes) {
    for (const std::uint32_t expert : routes.experts)
      chosen.insert({static_cast<std::uint32_t>(routes.layer), expert});
  };
  moe::Batch batch = f.model.batch();
  for (int i = 0; i < 8; ++i) sequences.push_back(f.model.sequence());
  for (std::size_t i = 0; i < 8; ++i) {
    sequences[i].observe_routes(on_routes);
    batch.add(sequences[i], std::span(batch_prompt).subspan(i % 7, 1));
  }
  REQUIRE(f.model.forward(batch));
  CHECK(f.experts.acquired.size() == chosen.size());
  for (const auto& [id, count] : f.experts.acquired) CHECK(count == 1);
}

TEST_CASE(
    "batch: if each sequence reads one token, experts are announced as chosen, with sums of router weights") {
  BatchFixture f;
  moe::Sequence first = f.model.sequence(), second = f.model.sequence();
  float weight = 0;
  const auto on_routes = [&](const moe::Routes& routes) {
    for (const float one : routes.weights) weight += one;
  };
  first.observe_routes(on_routes);
  second.observe_routes(on_routes);
  moe::Batch batch = f.model.batch();
  batch.add(first, std::span(batch_prompt).first(1));
  batch.add(second, std::span(batch_prompt).subspan(1, 1));
  REQUIRE(f.model.forward(batch));
  using AnnouncementKind = moe::Announcement::Kind;
  CHECK(f.experts.announced[AnnouncementKind::chosen] > 0);
  CHECK(f.experts.announced[AnnouncementKind::prefill] == 0);
  CHECK(f.experts.announced[AnnouncementKind::hot] == 0);
  // Experts are announced again while they are missing.
  CHECK(f.experts.announced_weight >= doctest::Approx(weight));

  batch.clear();
  batch.add(first, batch_prompt);
  batch.add(second, std::span(batch_prompt).first(1));
  f.experts.announced.clear();
  REQUIRE(f.model.forward(batch));
  CHECK(f.experts.announced[AnnouncementKind::chosen] == 0);
  CHECK(f.experts.announced[AnnouncementKind::hot] == static_cast<int>(f.model.spec().layers.size()));
}

TEST_CASE("batch: after a layer, a pass of single tokens announces how many tokens chose each expert") {
  BatchFixture f;
  std::vector<moe::Sequence> texts;
  for (std::size_t i = 0; i < 5; ++i) texts.push_back(f.model.sequence());
  std::map<moe::ExpertId, std::uint32_t> chosen;
  const auto on_routes = [&](const moe::Routes& routes) {
    for (const std::uint32_t expert : routes.experts)
      ++chosen[{static_cast<std::uint32_t>(routes.layer), expert}];
  };
  moe::Batch batch = f.model.batch();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    texts[i].observe_routes(on_routes);
    batch.add(texts[i], std::span(batch_prompt).subspan(i, 1));
  }
  REQUIRE(f.model.forward(batch));
  CHECK(f.experts.announced[moe::Announcement::Kind::used] == static_cast<int>(f.model.spec().layers.size()));
  CHECK(f.experts.used == chosen);

  f.experts.announced.clear();
  batch.clear();
  batch.add(texts[0], std::span(batch_prompt).first(1));
  REQUIRE(f.model.forward(batch));
  CHECK(f.experts.announced[moe::Announcement::Kind::used] == 0);
}

TEST_CASE("batch: the observer of a sequence gets the routes that it gets when the sequence is alone") {
  BatchFixture f;
  struct Seen {
    std::vector<std::size_t> positions;
    std::vector<std::uint32_t> experts;
    std::vector<float> weights;
    void operator()(const moe::Routes& routes) {
      positions.push_back(routes.first_position);
      experts.insert(experts.end(), routes.experts.begin(), routes.experts.end());
      weights.insert(weights.end(), routes.weights.begin(), routes.weights.end());
    }
  };
  const std::span<const moe::TokenId> ids[] = {batch_prompt, std::span(batch_prompt).subspan(3, 2)};
  Seen alone[2], together[2];
  moe::Batch batch = f.model.batch();
  std::vector<moe::Sequence> sequences;
  for (std::size_t i = 0; i < 2; ++i) {
    auto sequence = f.model.sequence();
    sequence.observe_routes(alone[i]);
    f.model.forward(sequence, ids[i]);
    sequences.push_back(f.model.sequence());
    sequences.back().observe_routes(together[i]);
  }
  for (std::size_t i = 0; i < 2; ++i) batch.add(sequences[i], ids[i]);
  REQUIRE(f.model.forward(batch));
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(alone[i].positions == together[i].positions);
    CHECK(alone[i].experts == together[i].experts);
    CHECK(alone[i].weights == together[i].weights);
  }
}

TEST_CASE("batch: the statistics of restricted routers are counted for each sequence") {
  moe::AllowedExperts allowed;
  allowed.allow_only(1, std::vector<std::uint32_t>{0, 3, 4, 5, 9, 12, 13, 15});
  BatchFixture f("plain-bf16", allowed);
  auto alone = f.model.sequence(), first = f.model.sequence(), second = f.model.sequence();
  f.model.forward(alone, batch_prompt);
  moe::Batch batch = f.model.batch();
  batch.add(first, std::span(batch_prompt).first(2));
  batch.add(second, batch_prompt);
  REQUIRE(f.model.forward(batch));
  CHECK(first.restriction().choices == 2);
  CHECK(second.restriction().choices == alone.restriction().choices);
  CHECK(second.restriction().mass == alone.restriction().mass);
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
      const Logits expected = logits_alone(f.model, whole, options).back();
      CHECK(Logits(batch.logits(i).begin(), batch.logits(i).end()) == expected);
    }
  }
}

TEST_CASE("batch: after a provider error or a stop, no sequence has changed and the pass can be repeated") {
  for (const std::string name : {"plain-bf16", "sliding-window", "qwen3-next-odd"}) {
    CAPTURE(name);
    BatchFixture f(name);
    const auto ids = batch_text(1, f.model.spec().vocabulary_size);
    const moe::SequenceOptions options{.context = 64, .chunk = 20};
    const std::vector<Logits> expected = logits_alone(f.model, ids, options);
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
    CHECK(Logits(batch.logits(0).begin(), batch.logits(0).end()) == expected[6]);
    CHECK(Logits(batch.logits(1).begin(), batch.logits(1).end()) == expected[20]);
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
