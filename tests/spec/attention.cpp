// SPDX-License-Identifier: MIT
#include "detail/spec/model_spec.hpp"
#include "support/message_of.hpp"
#include "support/spec_checkpoint.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

using moe::AttentionSpec;
using moe::LatentAttentionSpec;

namespace {

AttentionSpec attention_with(const std::string& model_type, const std::string& members = "\"x\": 0") {
  return attention_of(spec_of("\"model_type\": \"" + model_type +
                              R"(", "num_hidden_layers": 1, "layer_types": ["full_attention"], )" + members));
}

LatentAttentionSpec latent_with(const std::string& model_type, const std::string& members = "\"x\": 0") {
  return std::get<LatentAttentionSpec>(
      spec_of("\"model_type\": \"" + model_type + R"(", "num_hidden_layers": 1, )" + members)
          .layers[0]
          .mixer);
}

/// The metadata of a model with latent attention, without the widths of heads.
GgufBuilder gguf_with_latents() {
  GgufBuilder file = gguf_model("deepseek2");
  return file.value("deepseek2.expert_count", 0u)
      .value("deepseek2.attention.kv_lora_rank", 12u)
      .value("deepseek2.rope.dimension_count", 4u)
      .value("deepseek2.attention.q_lora_rank", 6u);
}

LatentAttentionSpec latent_of(const moe::ModelSpec& spec) {
  return std::get<LatentAttentionSpec>(spec.layers[0].mixer);
}

}  // namespace

TEST_CASE("attention: the width of a head need not be the hidden size divided by the heads") {
  CHECK(attention_with("qwen3_moe", R"("hidden_size": 64, "num_attention_heads": 4)").head_dim == 16);
  CHECK(attention_with("qwen3_moe", R"("hidden_size": 64, "num_attention_heads": 4, "head_dim": 48)")
            .head_dim == 48);
  CHECK(attention_with("qwen3_moe", R"("hidden_size": 64, "num_attention_heads": 4, "head_dim": null)")
            .head_dim == 16);
  CHECK(attention_with("glm4_moe", R"("hidden_size": 64, "num_attention_heads": 8)").head_dim == 8);
  CHECK(attention_with("qwen3_next").head_dim == 256);
  CHECK(attention_with("gpt_oss").head_dim == 64);
  CHECK(attention_with("gpt_oss", R"("hidden_size": 96, "num_attention_heads": 8, "head_dim": null)")
            .head_dim == 12);
}

TEST_CASE("attention: the positions of GLM-4.7-Flash have the usual theta, if no other is stated") {
  CHECK(latent_with("glm4_moe_lite").rope == latent_with("glm4_moe_lite", R"("rope_theta": 10000)").rope);
}

TEST_CASE(
    "attention: without a number of heads of keys, the family has a default, or each head has its own keys") {
  CHECK(attention_with("qwen3_moe").kv_heads == 4);
  CHECK(attention_with("qwen3_moe", R"("num_key_value_heads": null)").kv_heads == 32);
  CHECK(attention_with("llama", R"("num_attention_heads": 8)").kv_heads == 8);
  CHECK(attention_of(spec_of(gguf_model())).kv_heads == 2);
  CHECK(attention_of(spec_of(gguf_model().value("qwen3moe.attention.head_count_kv", 1u))).kv_heads == 1);
  CHECK(attention_of(spec_of(gguf_model().array("qwen3moe.attention.head_count_kv", 4,
                                                std::vector<std::uint32_t>{2, 1})),
                     1)
            .kv_heads == 1);
}

TEST_CASE("attention: scores are divided by the root of the width, or multiplied by the stated factor") {
  CHECK(attention_with("qwen3_moe", R"("head_dim": 16)").scale == 0.25f);
  CHECK(attention_with("granitemoe", R"("attention_multiplier": 0.015625)").scale == 0.015625f);
  CHECK(attention_with("granitemoe").scale == 1);
  CHECK(attention_with("gemma4_text").scale == 1);
  GgufBuilder granite = gguf_model("granitemoe");
  CHECK(attention_of(spec_of(granite)).scale == doctest::Approx(0.70710678));
  CHECK(attention_of(spec_of(granite.value("granitemoe.attention.scale", 0.5f))).scale == 0.5f);
}

TEST_CASE("attention: queries and keys have norms of heads, of whole projections, or none") {
  using Norm = AttentionSpec::Norm;
  for (const auto& row : std::initializer_list<std::pair<const char*, Norm>>{{"qwen3_moe", Norm::heads},
                                                                             {"qwen3_next", Norm::heads},
                                                                             {"lfm2_moe", Norm::heads},
                                                                             {"olmoe", Norm::projection},
                                                                             {"mixtral", Norm::none},
                                                                             {"gpt_oss", Norm::none}}) {
    const auto& family = std::get<0>(row);
    const auto& norm = std::get<1>(row);
    CAPTURE(family);
    CHECK(attention_with(family).query_key_norm == norm);
  }
  CHECK(attention_with("glm4_moe", R"("head_dim": 8, "use_qk_norm": true)").query_key_norm == Norm::heads);
  CHECK(attention_with("glm4_moe", R"("head_dim": 8, "use_qk_norm": false)").query_key_norm == Norm::none);
  CHECK(attention_with("glm4_moe", R"("head_dim": 8)").query_key_norm == Norm::none);
  CHECK(attention_with("minimax_m2", R"("use_qk_norm": true, "qk_norm_type": "per_layer")").query_key_norm ==
        Norm::projection);
  CHECK(attention_with("qwen3_moe", R"("use_qk_norm": true)").query_key_norm == Norm::heads);
  check_error([] { return attention_with("qwen3_moe", R"("use_qk_norm": false)"); },
              {"$.use_qk_norm", "expected true"});
  check_error(
      [] { return attention_with("minimax_m2", R"("use_qk_norm": true, "qk_norm_type": "per_head")"); },
      {"$.qk_norm_type", "per_layer", "per_head"});
}

TEST_CASE("attention: without use_qk_norm, there are norms if their tensors exist") {
  SpecCheckpoint stored;
  stored.tensor("model.layers.0.self_attn.q_norm.weight", {8})
      .tensor("model.layers.0.self_attn.k_norm.weight", {8});
  CHECK(attention_of(moe::ModelSpec(stored.hugging_face(
                         R"({"model_type": "glm4_moe", "num_hidden_layers": 1, "head_dim": 8})")))
            .query_key_norm == AttentionSpec::Norm::heads);
}

TEST_CASE("attention: biases are stated in config.json, for all projections or for three of them") {
  const auto biases = [](const AttentionSpec& spec) { return std::pair(spec.input_bias, spec.output_bias); };
  CHECK(biases(attention_with("qwen3_moe")) == std::pair(false, false));
  CHECK(biases(attention_with("qwen3_moe", R"("attention_bias": true)")) == std::pair(true, true));
  CHECK(biases(attention_with("qwen2_moe")) == std::pair(true, false));
  CHECK(biases(attention_with("qwen2_moe", R"("qkv_bias": false)")) == std::pair(false, false));
  CHECK(biases(attention_with("glm4_moe", R"("head_dim": 8, "attention_bias": true)")) ==
        std::pair(true, false));
  CHECK(biases(attention_with("gpt_oss")) == std::pair(true, true));
  CHECK(biases(attention_with("phimoe", R"("attention_bias": true)")) == std::pair(true, true));
  for (const char* family :
       {"mixtral", "qwen3_next", "qwen3_5_text", "minimax_m2", "gemma4_text", "lfm2_moe"})
    check_error([&] { return attention_with(family, R"("attention_bias": true)"); },
                {"$.attention_bias", "expected false", "found true"});
  check_error([] { return latent_with("deepseek_v3", R"("attention_bias": true)"); }, {"$.attention_bias"});
}

TEST_CASE("attention: in a GGUF file the projections of a layer have the biases that are stored") {
  const auto biased = [](const char* name) {
    return moe::ModelSpec(SpecCheckpoint().tensor(name, {4}).gguf(gguf_model()));
  };
  const AttentionSpec key = attention_of(biased("blk.1.attn_k.bias"), 1);
  CHECK(key.input_bias);
  CHECK_FALSE(key.output_bias);
  CHECK(key.bias_where_stored);
  CHECK_FALSE(attention_of(biased("blk.1.attn_k.bias"), 0).input_bias);
  CHECK(attention_of(biased("blk.1.attn_output.bias"), 1).output_bias);
  CHECK(attention_of(biased("blk.0.attn_qkv.bias"), 0).input_bias);
}

TEST_CASE("attention: gpt-oss has sinks, OLMoE a limit, and Qwen3-Next a gate") {
  CHECK(attention_with("gpt_oss").sinks);
  CHECK_FALSE(attention_with("mixtral").sinks);
  CHECK(attention_with("olmoe", R"("clip_qkv": 8.5)").clamp == 8.5f);
  CHECK(attention_with("olmoe").clamp == 0);
  CHECK(attention_of(spec_of(gguf_model("olmoe").value("olmoe.attention.clamp_kqv", 7.0f))).clamp == 7);
  CHECK(attention_with("qwen3_next").output_gate);
  check_error([] { return attention_with("qwen3_next", R"("attn_output_gate": false)"); },
              {"$.attn_output_gate", "true", "false"});
}

TEST_CASE("attention: heads of Gemma with a window and without one differ") {
  const std::string two = R"("model_type": "gemma4_text", "num_hidden_layers": 2, "num_attention_heads": 8,
      "num_key_value_heads": 4, "head_dim": 16, "global_head_dim": 32, "sliding_window": 5,
      "layer_types": ["sliding_attention", "full_attention"])";
  const auto sizes = [](const AttentionSpec& spec) {
    return std::vector<std::size_t>{spec.kv_heads, spec.head_dim, spec.window};
  };
  using Sizes = std::vector<std::size_t>;
  const moe::ModelSpec same = spec_of(two + R"(, "num_global_key_value_heads": 2)");
  CHECK(sizes(attention_of(same, 0)) == Sizes{4, 16, 5});
  CHECK(sizes(attention_of(same, 1)) == Sizes{4, 32, 0});
  CHECK_FALSE(attention_of(same, 1).value_is_key);
  CHECK(attention_of(same, 1).value_norm);
  const moe::ModelSpec shared =
      spec_of(two + R"(, "num_global_key_value_heads": 2, "attention_k_eq_v": true)");
  CHECK(sizes(attention_of(shared, 1)) == Sizes{2, 32, 0});
  CHECK(attention_of(shared, 1).value_is_key);
  CHECK_FALSE(attention_of(shared, 0).value_is_key);
  CHECK(sizes(attention_of(spec_of(two + R"(, "attention_k_eq_v": true)"), 1)) == Sizes{4, 32, 0});
}

TEST_CASE("attention: per_layer_config states the heads of single layers") {
  const std::string two = R"("model_type": "gemma4_text", "num_hidden_layers": 2, "num_attention_heads": 8,
      "num_key_value_heads": 4, "head_dim": 16, "layer_types": ["sliding_attention", "full_attention"],
      "per_layer_config": )";
  const AttentionSpec full =
      attention_of(spec_of(two + R"({"01": {"head_dim": 32, "num_key_value_heads": 2}})"), 1);
  CHECK(full.head_dim == 32);
  CHECK(full.kv_heads == 2);
  CHECK(attention_of(spec_of(two + R"({"00": {"head_dim": 8}})"), 0).head_dim == 8);
  CHECK(attention_of(spec_of(two + R"({"00": {"head_dim": 8}})"), 1).head_dim == 16);
  check_error([&] { return spec_of(two + R"({"one": {"head_dim": 8}})"); },
              {"$.per_layer_config.one", "the number of a layer"});
  check_error([&] { return spec_of(two + R"({"01": {"sliding_window": 8}})"); },
              {"$.per_layer_config.01.sliding_window", "head_dim or num_key_value_heads"});
  check_error([&] { return spec_of(two + R"({"01": {"num_key_value_heads": 3}})"); },
              {"$.per_layer_config.01.num_key_value_heads", "a divisor of 8"});
}

TEST_CASE("attention: GGUF files of Gemma state both kinds of heads, and omit values that equal the keys") {
  GgufBuilder file;
  file.value("general.architecture", "gemma4").value("gemma4.block_count", 2u);
  file.value("gemma4.context_length", 512u).value("gemma4.embedding_length", 4u);
  file.value("gemma4.feed_forward_length", 6u).value("gemma4.attention.head_count", 4u);
  file.array("gemma4.attention.head_count_kv", 5, std::vector<std::int32_t>{2, 1});
  file.array("gemma4.attention.sliding_window_pattern", 7, std::vector<std::uint8_t>{1, 0});
  file.value("gemma4.attention.key_length", 8u).value("gemma4.attention.value_length", 8u);
  file.value("gemma4.attention.key_length_swa", 4u).value("gemma4.attention.value_length_swa", 4u);
  SpecCheckpoint checkpoint;
  checkpoint.tensor("blk.0.attn_k.weight", {8, 4}).tensor("blk.0.attn_v.weight", {8, 4});
  checkpoint.tensor("blk.1.attn_k.weight", {8, 4});
  check_error([&] { return moe::ModelSpec(checkpoint.gguf(file)); }, {"rope_freqs.weight", "to be there"});
  std::string divisors;
  for (const float divisor : {1.0f, 1e30f, 1e30f, 1e30f}) divisors += GgufBuilder::bytes_of(divisor);
  file.tensor("rope_freqs.weight", {4}, 0, divisors);
  const moe::ModelSpec spec(checkpoint.gguf(file));
  CHECK(attention_of(spec, 0).head_dim == 4);
  CHECK(attention_of(spec, 0).window == 512);
  CHECK(attention_of(spec, 0).rope->frequencies.size() == 2);
  CHECK_FALSE(attention_of(spec, 0).value_is_key);
  CHECK(attention_of(spec, 1).head_dim == 8);
  CHECK(attention_of(spec, 1).kv_heads == 1);
  CHECK(attention_of(spec, 1).value_is_key);
  CHECK(attention_of(spec, 1).rope->frequencies == std::vector<double>{1, 0, 0, 0});
  CHECK(spec.logit_soft_cap == 30);
}

TEST_CASE("attention: numbers of heads that do not fit each other are refused by name") {
  for (const auto& row : std::initializer_list<std::tuple<const char*, const char*, const char*>>{
           {R"("num_attention_heads": 0)", "$.num_attention_heads", "a whole number from 1"},
           {R"("num_attention_heads": 4, "num_key_value_heads": 3)", "$.num_key_value_heads",
            "a divisor of 4"},
           {R"("num_attention_heads": 4, "num_key_value_heads": 8)", "$.num_key_value_heads", "from 1 to 4"},
           {R"("head_dim": 31)", "$.head_dim", "an even number"},
           {R"("head_dim": 0)", "$.head_dim", "a whole number"}}) {
    const auto& members = std::get<0>(row);
    const auto& place = std::get<1>(row);
    const auto& expected = std::get<2>(row);
    check_error([&] { return attention_with("qwen3_moe", members); }, {place, expected});
  }
  const auto gguf = [](const char* key, std::uint32_t value) {
    return spec_of(gguf_model().value(key, value));
  };
  check_error([&] { return gguf("qwen3moe.attention.head_count_kv", 0); },
              {"head_count_kv", "a divisor of 2"});
  check_error([&] { return gguf("qwen3moe.attention.head_count_kv", 4); },
              {"head_count_kv", "a divisor of 2", "found 4 in layer 0"});
  check_error([&] { return gguf("qwen3moe.attention.value_length", 8); },
              {"qwen3moe.attention.value_length", "expected 2, the width of keys", "found 8"});
  check_error([] { return spec_of(gguf_model().value("qwen3moe.attention.head_count_kv", "two")); },
              {"head_count_kv", "a whole number", "string"});
}

TEST_CASE("latent attention: widths come from config.json, or are defaults of the family") {
  const LatentAttentionSpec usual = latent_with("deepseek_v3");
  CHECK(usual.heads == 128);
  CHECK(usual.query_rank == 1536);
  CHECK(usual.kv_rank == 512);
  CHECK(usual.nope_dim == 128);
  CHECK(usual.rope_dim == 64);
  CHECK(usual.value_dim == 128);
  CHECK(usual.norm_epsilon == 1e-6f);
  CHECK(usual.rope.neighbours);
  CHECK(usual.rope.frequencies.size() == 32);
  CHECK(usual.scale == doctest::Approx(0.0721687836));
  CHECK(latent_with("deepseek_v2", R"("q_lora_rank": null, "first_k_dense_replace": 1)").query_rank == 0);
  CHECK(latent_with("glm4_moe_lite").value_dim == 256);
  CHECK(latent_with("glm4_moe_lite", R"("rms_norm_eps": 1e-5)").norm_epsilon == 1e-6f);
}

TEST_CASE("latent attention: yarn with mscale_all_dim multiplies the scores twice") {
  const LatentAttentionSpec spec = latent_with(
      "deepseek_v3", R"("rope_scaling": {"type": "yarn", "factor": 40, "mscale": 1.0, "mscale_all_dim": 1.0,
          "original_max_position_embeddings": 4096})");
  CHECK(spec.rope.magnitude == 1);
  CHECK(spec.scale == doctest::Approx(0.0721687836 * 1.3688879454 * 1.3688879454));
}

TEST_CASE("latent attention: GGUF files have an old and a new form") {
  const LatentAttentionSpec old = latent_of(spec_of(gguf_with_latents()
                                                        .value("deepseek2.attention.key_length", 10u)
                                                        .value("deepseek2.attention.value_length", 8u)));
  const LatentAttentionSpec newer =
      latent_of(spec_of(gguf_with_latents()
                            .value("deepseek2.attention.head_count_kv", 1u)
                            .value("deepseek2.attention.key_length", 16u)
                            .value("deepseek2.attention.value_length", 12u)
                            .value("deepseek2.attention.key_length_mla", 10u)
                            .value("deepseek2.attention.value_length_mla", 8u)));
  CHECK(old == newer);
  CHECK(old.nope_dim == 6);
  CHECK(old.rope_dim == 4);
  CHECK(old.value_dim == 8);
  CHECK(old.query_rank == 6);
  CHECK(old.norm_epsilon == 1e-6f);
  CHECK(old.rope.neighbours);
  check_error([] { return spec_of(gguf_with_latents().value("deepseek2.attention.key_length", 4u)); },
              {"deepseek2.attention.key_length", "more than the 4 rotated numbers", "found 4"});
  check_error([] { return spec_of(gguf_with_latents()); },
              {"deepseek2.attention.key_length_mla", "to be there"});
}

TEST_CASE("latent attention: a GGUF file with one projection of queries has no rank") {
  SpecCheckpoint lite;
  lite.tensor("blk.0.attn_q.weight", {20, 4});
  CHECK(latent_of(moe::ModelSpec(lite.gguf(gguf_with_latents()
                                               .value("deepseek2.attention.key_length", 10u)
                                               .value("deepseek2.attention.value_length", 8u))))
            .query_rank == 0);
}

TEST_CASE("latent attention: yarn of GGUF files without a multiplier scales sines and cosines") {
  const LatentAttentionSpec spec =
      latent_of(spec_of(gguf_with_latents()
                            .value("deepseek2.attention.key_length", 10u)
                            .value("deepseek2.attention.value_length", 8u)
                            .value("deepseek2.rope.scaling.type", "yarn")
                            .value("deepseek2.rope.scaling.factor", 4.0f)
                            .value("deepseek2.rope.scaling.original_context_length", 128u)));
  CHECK(spec.rope.magnitude == doctest::Approx(1.13862943611));
  CHECK(spec.scale == doctest::Approx(1 / std::sqrt(10.0)));
}

TEST_CASE("latent attention: GGUF files state the multiplier of yarn for the scores") {
  const LatentAttentionSpec spec =
      latent_of(spec_of(gguf_with_latents()
                            .value("deepseek2.attention.key_length", 10u)
                            .value("deepseek2.attention.value_length", 8u)
                            .value("deepseek2.rope.scaling.type", "yarn")
                            .value("deepseek2.rope.scaling.factor", 40.0f)
                            .value("deepseek2.rope.scaling.original_context_length", 64u)
                            .value("deepseek2.rope.scaling.yarn_log_multiplier", 0.1f)));
  CHECK(spec.rope.magnitude == 1);
  CHECK(spec.scale == doctest::Approx(1.3688879454 * 1.3688879454 / std::sqrt(10.0)));
}
