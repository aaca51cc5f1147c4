// SPDX-License-Identifier: MIT
#include "detail/core/thread_pool.hpp"
#include "detail/experts/expert.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/experts/provider.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/model/transformer.hpp"
#include "support/checkpoints.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace {

using Kind = moe::Announcement::Kind;

/// Records the announcements. Has no try_acquire(), so that no expert counts as resident.
struct ListeningProvider {
  struct Kept {
    std::vector<moe::ExpertId> ids;
    std::vector<float> weights;
    Kind kind;
  };

  const moe::ExpertWeights* acquire(moe::ExpertId id) { return experts.acquire(id); }
  void hint(const moe::Announcement& announcement) noexcept {
    kept.push_back({{announcement.ids.begin(), announcement.ids.end()},
                    {announcement.weights.begin(), announcement.weights.end()},
                    announcement.kind});
  }

  std::size_t count(Kind kind) const {
    return static_cast<std::size_t>(
        std::count_if(kept.begin(), kept.end(), [&](const Kept& one) { return one.kind == kind; }));
  }

  moe::MemoryProvider experts;
  std::vector<Kept> kept;
};

struct Listening {
  moe::Checkpoint checkpoint{golden("plain-bf16")};
  ListeningProvider experts{moe::MemoryProvider(checkpoint), {}};
  moe::ThreadPool pool{2};
  moe::Transformer model{checkpoint, experts, pool};
};

}  // namespace

TEST_CASE("announcements: the experts of one token are announced with the router's weights") {
  Listening f;
  std::map<moe::ExpertId, float> chosen;
  const auto on_routes = [&](const moe::Routes& routes) {
    for (std::size_t i = 0; i < routes.experts.size(); ++i)
      chosen[{static_cast<std::uint32_t>(routes.layer), routes.experts[i]}] = routes.weights[i];
  };
  auto sequence = f.model.sequence();
  sequence.observe_routes(on_routes);
  f.model.forward(sequence, std::vector<moe::TokenId>{5});
  std::map<moe::ExpertId, float> announced;
  for (const auto& [ids, weights, kind] : f.experts.kept) {
    CHECK(kind == Kind::chosen);
    REQUIRE(ids.size() == weights.size());
    for (std::size_t i = 0; i < ids.size(); ++i) announced[ids[i]] = weights[i];
  }
  CHECK(chosen.size() > 1);
  CHECK(announced == chosen);
}

TEST_CASE("announcements: experts of a prompt are announced as prefill and then as hot, without weights") {
  Listening f;
  auto sequence = f.model.sequence();
  f.model.forward(sequence, std::vector<moe::TokenId>{5, 17, 3, 91});
  CHECK(f.experts.count(Kind::chosen) == 0);
  CHECK(f.experts.count(Kind::prefill) > 0);
  CHECK(f.experts.count(Kind::hot) == f.model.spec().layers.size());
  for (const ListeningProvider::Kept& one : f.experts.kept) CHECK(one.weights.empty());
}

TEST_CASE("announcements: with lookahead, experts of the next layer are announced as predicted") {
  Listening f;
  auto sequence = f.model.sequence({.lookahead = true});
  f.model.forward(sequence, std::vector<moe::TokenId>{5});
  REQUIRE(f.experts.count(Kind::predicted) > 0);
  std::uint32_t layer = 0;
  for (const auto& [ids, weights, kind] : f.experts.kept) {
    if (kind == Kind::predicted) CHECK(ids.front().layer == layer + 1);
    layer = ids.front().layer;
  }
}
