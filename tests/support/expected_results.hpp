// SPDX-License-Identifier: MIT
#pragma once
#include "detail/core/token.hpp"
#include "detail/io/file.hpp"
#include "detail/io/json.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// The results of a float64 reference for a checkpoint; see tests/golden/README.md.
struct ExpectedResults {
  using Experts = std::vector<std::uint32_t>;

  explicit ExpectedResults(const std::string& path) {
    const moe::JsonDocument document(moe::detail::read_text(path), path);
    const moe::Json root = document.root();
    const auto of = [&](const char* key, const char* other) {
      return root.find(key) ? root.at(key) : root.at(other);
    };
    for (const moe::Json id : of("prompt", "prompt_ids")) prompt.push_back(as_id(id));
    for (const moe::Json logit : of("logits", "logits_last_float64")) logits.push_back(logit.as_double());
    if (const moe::Json ids = root.find("greedy"))
      for (const moe::Json id : ids) greedy.push_back(as_id(id));
    const moe::Json layers = root.find("routes");
    if (!layers) return;
    for (const moe::Json layer : layers) {
      auto& positions = routes.emplace_back();
      if (layer.is_null()) continue;
      for (const moe::Json position : layer) {
        if (position.is_null()) continue;
        for (auto& experts = positions.emplace_back(); const moe::Json expert : position)
          experts.push_back(static_cast<std::uint32_t>(expert.as_u64()));
      }
    }
  }

  std::vector<moe::TokenId> prompt, greedy;
  std::vector<double> logits;
  std::vector<std::vector<Experts>> routes;  // [layers][positions]; empty for a layer without experts

 private:
  static moe::TokenId as_id(const moe::Json& id) { return static_cast<moe::TokenId>(id.as_u64()); }
};
