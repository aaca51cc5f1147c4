// SPDX-License-Identifier: MIT
// The descriptions of small models of all families, in the form of Hugging Face and as GGUF files.
#include "detail/spec/model_spec.hpp"
#include "detail/io/checkpoint.hpp"
#include "support/spec_checkpoint.hpp"
#include "support/test_data.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

using moe::ModelSpec;

namespace {

std::optional<ModelSpec> golden_spec(const std::string& name) {
  const auto path = test_data("golden/" + name);
  if (!path) return {};
  return ModelSpec(moe::Checkpoint(*path));
}

/// Sets what converters change: the form of a stored decay, and the order of heads.
void undo_conversion(ModelSpec& spec) {
  for (moe::LayerSpec& layer : spec.layers) {
    if (auto* delta = std::get_if<moe::DeltaNetSpec>(&layer.mixer)) {
      delta->decay_is_log = true;
      delta->tiled_heads = false;
    }
    if (auto* mamba = std::get_if<moe::Mamba2Spec>(&layer.mixer)) mamba->decay_is_log = true;
  }
}

}  // namespace

TEST_SUITE_BEGIN("real-data");

TEST_CASE("goldens: a model has the same description in GGUF and in Hugging Face form") {
  for (const auto& row :
       std::initializer_list<std::pair<const char*, const char*>>{{"plain-f32", "plain-f32.gguf"},
                                                                  {"gemma4-moe-f32", "gemma4-moe.gguf"},
                                                                  {"granitemoehybrid", "granitehybrid.gguf"},
                                                                  {"lfm2moe-f32", "lfm2moe.gguf"},
                                                                  {"minimax_m2", "minimax-m2.gguf"},
                                                                  {"nemotron_h", "nemotron_h_moe.gguf"},
                                                                  {"qwen3_5_moe", "qwen35moe.gguf"},
                                                                  {"qwen3_next", "qwen3next.gguf"}}) {
    const auto& hugging_face = std::get<0>(row);
    const auto& gguf = std::get<1>(row);
    CAPTURE(gguf);
    const auto a = golden_spec(hugging_face);
    auto b = golden_spec(gguf);
    if (!a || !b) return;
    undo_conversion(*b);
    CHECK(a->family == b->family);
    CHECK(a->vocabulary_size == b->vocabulary_size);
    CHECK(a->hidden_size == b->hidden_size);
    CHECK(a->max_positions == b->max_positions);
    CHECK(a->norm == b->norm);
    CHECK(a->norm_epsilon == b->norm_epsilon);
    CHECK(a->embedding_multiplier == b->embedding_multiplier);
    CHECK(a->logit_multiplier == b->logit_multiplier);
    CHECK(a->logit_soft_cap == b->logit_soft_cap);
    CHECK(a->tied_embeddings == b->tied_embeddings);
    REQUIRE(a->layers.size() == b->layers.size());
    for (std::size_t i = 0; i < a->layers.size(); ++i) {
      CAPTURE(i);
      CHECK(a->layers[i] == b->layers[i]);
    }
  }
}

TEST_CASE("goldens: GLM-4.7-Flash differs in the two forms only in the epsilon of the norms of latents") {
  const auto a = golden_spec("glm4_moe_lite");
  auto b = golden_spec("deepseek2_glm47flash.gguf");
  if (!a || !b) return;
  for (moe::LayerSpec& layer : b->layers) {
    CHECK(std::get<moe::LatentAttentionSpec>(layer.mixer).norm_epsilon == 1e-5f);
    std::get<moe::LatentAttentionSpec>(layer.mixer).norm_epsilon = 1e-6f;
  }
  CHECK(a->layers == b->layers);
}

TEST_CASE("goldens: models of which only one form exists are read") {
  for (const auto& row : std::initializer_list<std::pair<const char*, const char*>>{
           {"deepseek_v3_bf16", "deepseek_v3"},
           {"gpt_oss_mxfp4", "gpt_oss"},
           {"gpt-oss.gguf", "gpt_oss"},
           {"glm4moe.gguf", "glm4_moe"},
           {"granitemoe.gguf", "granitemoe"},
           {"llama_mixtral.gguf", "mixtral"},
           {"mixtral", "mixtral"},
           {"omni-thinker-bf16-sharded", "qwen3_omni_moe"}}) {
    const auto& name = std::get<0>(row);
    const auto& family = std::get<1>(row);
    CAPTURE(name);
    const auto spec = golden_spec(name);
    if (!spec) return;
    CHECK(spec->family == family);
    CHECK(spec->experts() > 0);
  }
}

TEST_SUITE_END();
