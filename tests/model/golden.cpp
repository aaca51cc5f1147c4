// SPDX-License-Identifier: MIT
#include "detail/core/dtype.hpp"
#include "detail/core/thread_pool.hpp"
#include "detail/core/token.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/model/routes.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/model/transformer.hpp"
#include "support/checkpoints.hpp"
#include "support/expected_results.hpp"
#include "support/test_data.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace {

using Experts = ExpectedResults::Experts;

// clang-format off
constexpr const char* cases[] = {
    "plain-f32", "plain-bf16", "omni-thinker-bf16-sharded", "odd-sizes", "tied-biased", "dense-between",
    "four-shards", "fused-experts", "yarn", "linear-rope", "rope-parameters", "dense-qwen3", "omni-fused",
    "vision-transposed", "sliding-window", "one-expert", "plain-f32.gguf", "llama-biased", "mistral-window", "mixtral-odd",
    "qwen2-moe", "olmoe", "phimoe", "granitemoe", "granitemoe-shared", "glm4-moe", "glm4-moe-air",
    "glm4-moe-lite", "deepseek-v2-lite", "deepseek-v2-groups", "fp8-blocks", "fp8-128", "gpt-oss-bf16",
    "minimax-m2-odd", "gemma4-text", "gemma4-dense", "gemma4-per-layer", "qwen3-next-odd", "qwen3-5-dense",
    "qwen3-5-moe-experts", "lfm2-moe-odd", "lfm2-moe-biased", "nemotron-latent", "nemotron-mixed",
    "granite-hybrid-groups", "granite-hybrid-dense",
};
// clang-format on

/// Compares logits, routes and the greedy continuation of a checkpoint with the results of the reference, for the instruction set
/// that MOE_ISA names.
void check_golden(const std::string& path, const ExpectedResults& expected) {
  const moe::Checkpoint checkpoint(path);
  moe::MmapProvider experts(checkpoint);
  moe::ThreadPool pool(2);
  const moe::Transformer model(checkpoint, experts, pool);

  std::vector<std::vector<Experts>> routes(model.spec().layers.size());
  auto sequence = model.sequence(
      {.context = expected.prompt.size() + expected.greedy.size(), .kv_type = moe::DType::f32});
  const auto on_routes = [&](const moe::Routes& chosen) {
    for (std::size_t i = 0; i < chosen.experts.size(); i += chosen.experts_per_token) {
      const auto of_token = chosen.experts.subspan(i, chosen.experts_per_token);
      routes[chosen.layer].emplace_back(of_token.begin(), of_token.end());
    }
  };
  sequence.observe_routes(on_routes);

  std::span<const float> logits = model.forward(sequence, expected.prompt);
  REQUIRE(logits.size() == expected.logits.size());
  double worst = 0;
  for (std::size_t i = 0; i < logits.size(); ++i)
    worst = std::max(worst, std::abs(logits[i] - expected.logits[i]));
  CHECK(worst < 1e-4);
  if (!expected.routes.empty()) CHECK(routes == expected.routes);

  std::vector<moe::TokenId> greedy;
  for (std::size_t i = 0; i < expected.greedy.size(); ++i) {
    greedy.push_back(
        static_cast<moe::TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
    if (i + 1 < expected.greedy.size()) logits = model.forward(sequence, {&greedy.back(), 1});
  }
  CHECK(greedy == expected.greedy);
}

}  // namespace

TEST_CASE("golden: every model matches the float64 reference") {
  for (const std::string name : cases) {
    CAPTURE(name);
    const ExpectedResults expected(golden(name.substr(0, name.find(".gguf"))) + "/expected.json");
    check_golden(golden(name), expected);
  }
}

TEST_CASE("golden: larger models of every family match the float64 reference") {
  const auto folder = test_data("golden");
  if (!folder) return;
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
    const std::string path = entry.path().string();
    const bool gguf = path.ends_with(".gguf");
    if (!gguf && !entry.is_directory()) continue;
    std::string results = gguf ? path.substr(0, path.size() - 5) + ".expected.json" : path + "/expected.json";
    if (gguf && !std::filesystem::exists(results))
      results = path.substr(0, path.size() - 5) + "/expected.json";
    CAPTURE(path);
    ++count;
    check_golden(path, ExpectedResults(results));
  }
  CHECK(count >= 27);
}
