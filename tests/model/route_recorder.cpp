// SPDX-License-Identifier: MIT
#include "detail/core/thread_pool.hpp"
#include "detail/core/token.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/io/json_writer.hpp"
#include "detail/model/routes.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/experts/trace.hpp"
#include "detail/experts/usage_profile.hpp"
#include "detail/model/route_recorder.hpp"
#include "detail/model/transformer.hpp"
#include "support/checkpoints.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace {

struct RecorderFixture {
  moe::Checkpoint checkpoint{golden("plain-f32")};
  moe::ExpertCatalog catalog{checkpoint};
  moe::MmapProvider experts{checkpoint};
  moe::ThreadPool pool{1};
  moe::Transformer model{checkpoint, experts, pool};
  moe::Trace trace = moe::trace_of(model.spec(), catalog);
  std::size_t layers = model.spec().layers.size();
};

}  // namespace

TEST_CASE("route recorder: a prompt is recorded layer by layer, and generated text token by token") {
  RecorderFixture f;
  moe::RouteRecorder recorder(f.trace);
  auto sequence = f.model.sequence();
  sequence.observe_routes(recorder);
  f.model.forward(sequence, std::vector<moe::TokenId>{1, 2, 3});
  f.model.forward(sequence, std::vector<moe::TokenId>{4});
  std::size_t prompt = 0;
  for (std::size_t i = 0; i < f.trace.size(); ++i) {
    const moe::TraceVisit visit = f.trace[i];
    CHECK(visit.experts.size() == f.model.spec().experts_per_token());
    CHECK(visit.prompt == (visit.step < 3));
    if (visit.prompt) ++prompt;
    if (i > 0) CHECK((f.trace[i - 1].layer <= visit.layer || visit.layer == 0));
  }
  CHECK(prompt >= 3 * (f.layers - 1));
  CHECK(f.trace.size() == prompt + f.layers);
  CHECK(f.trace[f.trace.size() - 1].step == 3);
  CHECK(f.trace.expert_bytes(0) == f.catalog.at({0, 0}).bytes());
}

TEST_CASE("route recorder: set_turn() and as_prompt() determine the turn and the phase of all later routes") {
  RecorderFixture f;
  moe::RouteRecorder recorder(f.trace);
  recorder.set_turn(7);
  recorder.as_prompt(true);
  auto sequence = f.model.sequence();
  sequence.observe_routes(recorder);
  f.model.forward(sequence, std::vector<moe::TokenId>{1});
  REQUIRE(f.trace.size() == f.layers);
  CHECK((f.trace[0].turn == 7 && f.trace[0].prompt));
}

TEST_CASE("route recorder: a usage profile and a trace of the same routes have the same counts") {
  RecorderFixture f;
  moe::UsageProfile profile(f.layers, f.model.spec().experts());
  moe::RouteRecorder record_profile(profile);
  moe::RouteRecorder record_trace(f.trace);
  const auto both = [&](const moe::Routes& routes) {
    record_profile(routes);
    record_trace(routes);
  };
  auto sequence = f.model.sequence();
  sequence.observe_routes(both);
  f.model.forward(sequence, std::vector<moe::TokenId>{1, 2, 3, 4, 5});
  CHECK(moe::detail::to_json(profile) == moe::detail::to_json(moe::UsageProfile(f.trace)));
  CHECK(profile.count(std::size_t{0}) == 5 * f.model.spec().experts_per_token());
}
