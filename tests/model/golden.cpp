#include "detail/core/dtype.hpp"
#include "detail/core/thread_pool.hpp"
#include "detail/core/token.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/io/file.hpp"
#include "detail/model/routes.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/io/json.hpp"
#include "detail/model/transformer.hpp"
#include "support/checkpoints.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace {

using Experts = std::vector<std::uint32_t>;

/// The results of the float64 reference for a checkpoint; see tests/golden/README.md.
struct Expected {
  explicit Expected(const std::string& path) {
    const moe::JsonDocument document(moe::detail::read_text(path), path);
    const moe::Json root = document.root();
    for (const moe::Json id : root.at("prompt")) prompt.push_back(static_cast<moe::TokenId>(id.as_u64()));
    for (const moe::Json id : root.at("greedy")) greedy.push_back(static_cast<moe::TokenId>(id.as_u64()));
    for (const moe::Json logit : root.at("logits")) logits.push_back(logit.as_double());
    for (const moe::Json layer : root.at("routes")) {
      auto& positions = routes.emplace_back();
      for (const moe::Json position : layer)
        for (auto& experts = positions.emplace_back(); const moe::Json expert : position)
          experts.push_back(static_cast<std::uint32_t>(expert.as_u64()));
    }
  }

  std::vector<moe::TokenId> prompt, greedy;
  std::vector<double> logits;
  std::vector<std::vector<Experts>> routes;  // [layers][positions]; empty for a dense layer
};

}  // namespace

TEST_CASE("golden: logits, greedy tokens and routes match the float64 reference") {
  for (const std::string name :
       {"plain-f32", "plain-bf16", "omni-thinker-bf16-sharded", "odd-sizes", "tied-biased", "dense-between",
        "four-shards", "fused-experts", "yarn", "linear-rope", "rope-parameters", "dense-qwen3", "omni-fused",
        "sliding-window", "one-expert", "plain-f32.gguf"}) {
    CAPTURE(name);
    const Expected expected(golden(name.substr(0, name.find(".gguf"))) + "/expected.json");
    const moe::Checkpoint checkpoint(golden(name));
    moe::MmapProvider experts(checkpoint);
    moe::ThreadPool pool(2);
    const moe::Transformer model(checkpoint, experts, pool);

    std::vector<std::vector<Experts>> routes(model.config().layers.size());
    auto sequence = model.sequence({.kv_type = moe::DType::f32});
    const auto on_routes = [&](const moe::Routes& chosen) {
      for (std::size_t i = 0; i < chosen.experts.size(); i += chosen.experts_per_token) {
        const auto of_token = chosen.experts.subspan(i, chosen.experts_per_token);
        routes[chosen.layer].emplace_back(of_token.begin(), of_token.end());
      }
    };
    sequence.observe_routes(on_routes);

    std::span<const float> logits = model.forward(sequence, expected.prompt);
    REQUIRE(logits.size() == expected.logits.size());
    for (std::size_t i = 0; i < logits.size(); ++i) REQUIRE(std::abs(logits[i] - expected.logits[i]) < 1e-4);
    CHECK(routes == expected.routes);

    std::vector<moe::TokenId> greedy;
    for (std::size_t i = 0; i < expected.greedy.size(); ++i) {
      greedy.push_back(
          static_cast<moe::TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
      logits = model.forward(sequence, {&greedy.back(), 1});
    }
    CHECK(greedy == expected.greedy);
  }
}
