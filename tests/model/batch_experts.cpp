// SPDX-License-Identifier: MIT
// Experts that a pass of several sequences acquires and announces, and routes that each sequence observes and counts.
#include "batch_fixture.hpp"
#include "detail/core/token.hpp"
#include "detail/experts/allowed_experts.hpp"
#include "detail/experts/expert.hpp"
#include "detail/experts/provider.hpp"
#include "detail/model/batch.hpp"
#include "detail/model/routes.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <vector>

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
