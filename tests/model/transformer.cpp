// SPDX-License-Identifier: MIT
#include "detail/core/dtype.hpp"
#include "detail/core/thread_pool.hpp"
#include "detail/core/token.hpp"
#include "detail/experts/allowed_experts.hpp"
#include "detail/experts/expert.hpp"
#include "detail/experts/provider.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/model/routes.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/model/transformer.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

/// Counts the acquires of each expert. While `failing` is set, acquire() throws.
class CountingProvider {
 public:
  explicit CountingProvider(const moe::Checkpoint& checkpoint) : experts_(checkpoint) {}

  const moe::ExpertWeights* acquire(moe::ExpertId id) {
    ++acquired[id];
    if (failing || id.layer == failing_layer)
      moe::detail::fail("disk", "expert", "a readable block", "a damaged block");
    return experts_.acquire(id);
  }

  void hint(const moe::Announcement& announcement) noexcept {
    if (announcement.kind == moe::Announcement::Kind::predicted)
      predicted.insert(announcement.ids.begin(), announcement.ids.end());
  }

  std::map<moe::ExpertId, int> acquired;
  std::set<moe::ExpertId> predicted;
  bool failing = false;
  std::optional<std::uint32_t> failing_layer;

 private:
  moe::MemoryProvider experts_;
};

struct Fixture {
  explicit Fixture(const std::string& name, const moe::AllowedExperts& allowed = {})
      : checkpoint(golden(name)),
        experts(checkpoint),
        model(checkpoint, experts, pool, {.allowed_experts = allowed}) {}

  moe::Checkpoint checkpoint;
  CountingProvider experts;
  moe::ThreadPool pool{2};
  moe::Transformer model;
};

/// Restricts each of the layers to these experts.
moe::AllowedExperts allow(const std::vector<std::uint32_t>& layers,
                          const std::vector<std::uint32_t>& experts) {
  moe::AllowedExperts allowed;
  for (const std::uint32_t layer : layers) allowed.allow_only(layer, experts);
  return allowed;
}

std::vector<float> copy(std::span<const float> logits) { return {logits.begin(), logits.end()}; }

const std::vector<moe::TokenId> prompt{5, 17, 3, 91, 5, 42, 7};

}  // namespace

TEST_CASE("transformer: every chosen expert is acquired once for a chunk, and no other expert") {
  Fixture f("plain-bf16");
  std::set<moe::ExpertId> chosen;
  auto sequence = f.model.sequence();
  const auto on_routes = [&](const moe::Routes& routes) {
    for (const std::uint32_t expert : routes.experts)
      chosen.insert({static_cast<std::uint32_t>(routes.layer), expert});
  };
  sequence.observe_routes(on_routes);
  f.model.forward(sequence, prompt);
  CHECK(f.experts.acquired.size() == chosen.size());
  for (const auto& [id, count] : f.experts.acquired) {
    CHECK(chosen.contains(id));
    CHECK(count == 1);
  }
}

TEST_CASE(
    "transformer: the observer gets the routes and weights of every position in every layer with experts") {
  Fixture f("dense-between");
  std::map<std::size_t, std::size_t> positions;
  auto sequence = f.model.sequence({.chunk = 3});
  const auto on_routes = [&](const moe::Routes& routes) {
    CHECK(routes.first_position == positions[routes.layer]);
    CHECK(routes.experts.size() == routes.weights.size());
    positions[routes.layer] += routes.experts.size() / routes.experts_per_token;
  };
  sequence.observe_routes(on_routes);
  f.model.forward(sequence, prompt);
  CHECK(positions == std::map<std::size_t, std::size_t>{{1, 7}, {5, 7}});
}

TEST_CASE("transformer: a sequence continues at its position, also after it was truncated") {
  Fixture f("plain-bf16");
  auto whole = f.model.sequence();
  const std::vector<float> expected = copy(f.model.forward(whole, prompt));
  auto parts = f.model.sequence();
  f.model.forward(parts, std::span(prompt).first(3));
  f.model.forward(parts, std::vector<moe::TokenId>{1, 1, 1, 1});
  parts.rewind(3);
  CHECK(parts.position() == 3);
  CHECK(copy(f.model.forward(parts, std::span(prompt).subspan(3))) == expected);
  CHECK(parts.position() == 7);
}

TEST_CASE("transformer: empty ids, ids out of range and a full context are errors that change nothing") {
  Fixture f("plain-bf16");
  auto sequence = f.model.sequence({.context = 8});
  f.model.forward(sequence, prompt);
  check_error([&] { return f.model.forward(sequence, {}); }, {"ids", "at least one"});
  check_error([&] { return f.model.forward(sequence, std::vector<moe::TokenId>{320}); },
              {"below 320", "320"});
  check_error(
      [&] {
        return f.model.forward(sequence, std::vector<moe::TokenId>{1, 2});
      },
      {"at most 8 positions", "9"});
  CHECK(sequence.position() == 7);
  CHECK_FALSE(f.model.forward(sequence, std::vector<moe::TokenId>{1}).empty());
}

TEST_CASE(
    "transformer: after an error of the provider the sequence is as before the chunk, and can continue") {
  Fixture f("plain-bf16");
  auto expected_sequence = f.model.sequence();
  const std::vector<float> expected = copy(f.model.forward(expected_sequence, prompt));
  auto sequence = f.model.sequence();
  f.model.forward(sequence, std::span(prompt).first(2));
  f.experts.failing = true;
  for (int round = 0; round < 2; ++round) {
    check_error([&] { return f.model.forward(sequence, std::span(prompt).subspan(2)); },
                {"disk", "a damaged block"});
    CHECK(sequence.position() == 2);
  }
  f.experts.failing = false;
  CHECK(copy(f.model.forward(sequence, std::span(prompt).subspan(2))) == expected);
}

TEST_CASE("transformer: a stop takes effect after one layer, and leaves the sequence as before the chunk") {
  Fixture f("plain-bf16");
  std::stop_source stop;
  auto sequence = f.model.sequence();
  const auto on_routes = [&](const moe::Routes& routes) {
    if (routes.layer == 1) stop.request_stop();
  };
  sequence.observe_routes(on_routes);
  CHECK(f.model.forward(sequence, prompt, stop.get_token()).empty());
  CHECK(sequence.position() == 0);
  for (const auto& [id, count] : f.experts.acquired) CHECK(id.layer < 2);
}

TEST_CASE("transformer: progress is the reached position after each layer of each chunk") {
  Fixture f("plain-bf16");
  auto sequence = f.model.sequence({.chunk = 4});
  std::vector<double> positions, expected;
  const auto append = [&](double position) { positions.push_back(position); };
  f.model.forward(sequence, std::span(prompt).first(1));
  f.model.forward(sequence, std::span(prompt).subspan(1), {}, append);
  const std::size_t layers = f.model.spec().layers.size();
  for (const auto& [first, size] : {std::pair{1.0, 4.0}, std::pair{5.0, 2.0}})  // the two chunks
    for (std::size_t layer = 1; layer <= layers; ++layer)
      expected.push_back(first + size * static_cast<double>(layer) / static_cast<double>(layers));
  CHECK(positions == expected);
}

TEST_CASE("transformer: a context of 0 and a KV cache of q4_0 are refused, and a chunk of 0 counts as 1") {
  Fixture f("plain-bf16");
  check_error([&] { return f.model.sequence({.context = 0}); }, {"context"});
  check_error([&] { return f.model.sequence({.kv_type = moe::DType::q4_0}); }, {"kv_type", "q4_0"});
  auto sequence = f.model.sequence({.context = 16, .chunk = 0});
  CHECK_FALSE(f.model.forward(sequence, prompt).empty());
}

TEST_CASE(
    "transformer: a restricted layer acquires and predicts allowed experts only, for every chunk size") {
  const std::vector<std::uint32_t> few{0, 3, 4, 5, 9, 12, 13, 15};
  Fixture f("plain-bf16", allow({1}, few));
  const std::set<std::uint32_t> allowed(few.begin(), few.end());
  std::set<std::uint32_t> taken_elsewhere;
  std::vector<float> expected;
  for (const std::size_t chunk : {1u, 3u, 512u}) {
    f.experts.acquired.clear();
    auto sequence = f.model.sequence({.chunk = chunk, .lookahead = true});
    const std::vector<float> logits = copy(f.model.forward(sequence, prompt));
    if (expected.empty()) expected = logits;
    CHECK(logits == expected);
    for (const auto& [id, count] : f.experts.acquired) {
      if (id.layer == 1) CHECK(allowed.contains(id.expert));
      if (id.layer != 1) taken_elsewhere.insert(id.expert);
    }
    for (const moe::ExpertId id : f.experts.predicted)
      if (id.layer == 1) CHECK(allowed.contains(id.expert));
  }
  CHECK_FALSE(f.experts.predicted.empty());
  CHECK(taken_elsewhere.size() > few.size());
}

TEST_CASE(
    "transformer: a restriction to all experts changes no bit of the logits, a restriction to few does") {
  Fixture free("plain-bf16");
  auto sequence = free.model.sequence();
  const std::vector<float> expected = copy(free.model.forward(sequence, prompt));
  CHECK(sequence.restriction().choices == 0);
  CHECK(sequence.restriction().mean_mass() == 1);
  std::vector<std::uint32_t> every(free.model.spec().experts());
  for (std::uint32_t i = 0; i < every.size(); ++i) every[i] = i;

  Fixture all("plain-bf16", allow({0, 1}, every));
  auto same = all.model.sequence();
  CHECK(copy(all.model.forward(same, prompt)) == expected);
  CHECK(same.restriction().choices == 2 * prompt.size());
  CHECK(same.restriction().mean_mass() == 1);

  every.resize(free.model.spec().experts_per_token());
  Fixture few("plain-bf16", allow({0}, every));
  auto other = few.model.sequence();
  CHECK(copy(few.model.forward(other, prompt)) != expected);
}

TEST_CASE("transformer: routes and statistics give the number and the softmax mass of allowed experts") {
  Fixture f("plain-bf16", allow({1}, {0, 3, 4, 5, 9, 12, 13, 15}));
  double mass = 0;
  auto sequence = f.model.sequence({.chunk = 2});
  const auto on_routes = [&](const moe::Routes& routes) {
    CHECK(routes.allowed_experts == (routes.layer == 1 ? 8 : 0));
    CHECK(routes.allowed_mass.size() * routes.experts_per_token ==
          (routes.layer == 1 ? routes.experts.size() : 0));
    for (const float share : routes.allowed_mass) {
      CHECK((share > 0 && share < 1));
      mass += static_cast<double>(share);
    }
  };
  sequence.observe_routes(on_routes);
  f.model.forward(sequence, prompt);
  CHECK(sequence.restriction().choices == prompt.size());
  CHECK(sequence.restriction().mean_mass() == doctest::Approx(mass / static_cast<double>(prompt.size())));
}

TEST_CASE("transformer: a restriction to unknown layers, unknown experts or too few experts is refused") {
  check_error([] { Fixture("plain-bf16", allow({0}, {1})); },
              {"allowed experts", "layer 0", "at least", "1"});
  check_error(
      [] {
        Fixture("plain-bf16", allow({1}, {0, 1, 2, 3, 4, 5, 6, 7, 16}));
      },
      {"layer 1", "experts below 16", "16"});
  check_error([] { Fixture("plain-bf16", allow({40}, {0})); }, {"layer 40", "a layer with experts"});
  check_error(
      [] {
        Fixture("dense-between", allow({0}, {0, 1, 2, 3}));
      },
      {"layer 0", "a layer with experts"});
}

TEST_CASE("transformer: routes of a chunk that fails are not counted in the statistics of the sequence") {
  Fixture f("plain-bf16", allow({1}, {0, 3, 4, 5, 9, 12, 13, 15}));
  auto sequence = f.model.sequence();
  f.experts.failing_layer = 2;
  check_error([&] { return f.model.forward(sequence, prompt); }, {"disk"});
  CHECK(sequence.restriction().choices == 0);
  f.experts.failing_layer = {};
  f.model.forward(sequence, prompt);
  CHECK(sequence.restriction().choices == prompt.size());
}

TEST_CASE("transformer: a sequence of another transformer is refused") {
  Fixture f("plain-bf16"), other("plain-bf16");
  auto sequence = other.model.sequence();
  check_error([&] { return f.model.forward(sequence, prompt); }, {"a sequence of another transformer"});
  moe::Transformer moved = std::move(other.model);
  CHECK_FALSE(moved.forward(sequence, prompt).empty());
}

TEST_CASE("transformer: a context whose KV cache no object can hold is refused") {
  Fixture f("plain-bf16");
  for (const std::size_t context : {std::size_t{1} << 58, std::size_t{1} << 62, SIZE_MAX - 1, SIZE_MAX})
    check_error([&] { return f.model.sequence({.context = context}); }, {"sequence: state", "bytes"});
}

TEST_CASE("transformer: an exception of the callback leaves the sequence as before the chunk") {
  Fixture f("plain-bf16");
  auto whole = f.model.sequence();
  std::vector<std::vector<float>> expected;
  const auto append_to = [](std::vector<std::vector<float>>& list) {
    return [&list](std::size_t, std::span<const float> logits) { list.push_back(copy(logits)); };
  };
  auto append_expected = append_to(expected);
  f.model.forward_each(whole, prompt, append_expected);

  struct Interruption {};
  for (std::size_t failing = 0; failing < prompt.size(); ++failing) {
    CAPTURE(failing);
    auto sequence = f.model.sequence({.chunk = 3});
    std::vector<std::vector<float>> found;
    const auto interrupt = [&](std::size_t position, std::span<const float> logits) {
      if (position == failing) throw Interruption();
      found.push_back(copy(logits));
    };
    CHECK_THROWS_AS(f.model.forward_each(sequence, prompt, interrupt), Interruption);
    CHECK(sequence.position() == failing / 3 * 3);
    found.resize(sequence.position());
    auto append_found = append_to(found);
    f.model.forward_each(sequence, std::span(prompt).subspan(sequence.position()), append_found);
    CHECK(found == expected);
  }
}

TEST_SUITE_BEGIN("threads");

TEST_CASE("transformer: sequences on several threads share one transformer and compute the same bits") {
  const moe::Checkpoint checkpoint(golden("plain-bf16"));
  moe::MmapProvider experts(checkpoint);
  moe::ThreadPool pool(2);
  const moe::Transformer model(checkpoint, experts, pool);
  auto alone = model.sequence();
  const std::vector<float> expected = copy(model.forward(alone, prompt));
  std::vector<std::vector<float>> results(6);
  std::vector<std::thread> threads;
  for (auto& result : results)
    threads.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        auto sequence = model.sequence({.chunk = 3});
        result = copy(model.forward(sequence, prompt));
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) CHECK(result == expected);
}

TEST_SUITE_END();
