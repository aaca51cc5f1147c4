// SPDX-License-Identifier: MIT
#include "detail/spec/model_spec.hpp"
#include "support/message_of.hpp"
#include "support/spec_checkpoint.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace {

moe::ModelSpec with_members(const char* model_type, const std::string& members) {
  return spec_of("\"model_type\": \"" + std::string(model_type) + R"(", "num_hidden_layers": 1, )" + members);
}

/// A GGUF model whose second layer has experts.
moe::ModelSpec with_router(const GgufBuilder& file) {
  return moe::ModelSpec(SpecCheckpoint().tensor("blk.1.ffn_gate_inp.weight", {8, 4}).gguf(file));
}

}  // namespace

TEST_CASE(
    "refused values: a value that changes numbers, and that the family does not know, is refused by its "
    "key") {
  for (const auto& row : std::initializer_list<std::pair<const char*, const char*>>{
           {"qwen3_moe", R"("attn_logit_softcapping": 50.0)"},
           {"qwen3_moe", R"("final_logit_softcapping": 30.0)"},
           {"qwen3_moe", R"("embedding_multiplier": 12.0)"},
           {"qwen3_moe", R"("residual_multiplier": 0.22)"},
           {"qwen3_moe", R"("attention_multiplier": 0.5)"},
           {"qwen3_moe", R"("logits_scaling": 8)"},
           {"qwen3_moe", R"("logit_scale": 0.0625)"},
           {"qwen3_moe", R"("clip_qkv": 8)"},
           {"qwen3_moe", R"("rope_interleave": true)"},
           {"qwen3_moe", R"("routed_scaling_factor": 2.5)"},
           {"qwen3_moe", R"("swiglu_limit": 7.0)"},
           {"qwen3_moe", R"("position_embedding_type": "nope")"},
           {"qwen3_moe", R"("is_causal": false)"},
           {"qwen3_moe", R"("scoring_func": "sigmoid")"},
           {"qwen3_moe", R"("normalization_function": "layernorm")"},
           {"mixtral", R"("use_qk_norm": true)"},
           {"llama", R"("mlp_bias": true)"},
           {"llama", R"("lm_head_bias": true)"},
           {"gpt_oss", R"("swiglu_alpha": 1.5)"},
           {"deepseek_v3", R"("moe_layer_freq": 2, "first_k_dense_replace": 0)"},
           {"gemma4_text", R"("use_bidirectional_attention": "all")"},
           {"gemma4_text", R"("use_double_wide_mlp": true)"},
           {"granitemoehybrid", R"("normalization_function": "layernorm")"}}) {
    const auto& family = std::get<0>(row);
    const auto& member = std::get<1>(row);
    CAPTURE(family);
    const std::string text = member, key = text.substr(1, text.find('"', 1) - 1);
    check_error([&] { return with_members(family, text); }, {"config.json: $." + key, "expected"});
  }
}

TEST_CASE("refused values: neutral values, null and values that are read are accepted") {
  for (const auto& row : std::initializer_list<std::pair<const char*, const char*>>{
           {"qwen3_moe", R"("attn_logit_softcapping": null)"},
           {"qwen3_moe", R"("embedding_multiplier": 1.0)"},
           {"qwen3_moe", R"("mlp_bias": false)"},
           {"qwen3_moe", R"("rope_interleave": false)"},
           {"qwen3_moe", R"("scoring_func": "softmax")"},
           {"qwen3_next", R"("attn_output_gate": true)"},
           {"gpt_oss", R"("swiglu_alpha": 1.702)"},
           {"deepseek_v3", R"("moe_layer_freq": 1)"},
           {"glm4_moe", R"("n_group": 1, "head_dim": 8)"},
           {"gemma4_text", R"("use_bidirectional_attention": "vision")"},
           {"gemma4_text", R"("hidden_size_per_layer_input": 0)"},
           {"qwen3_moe", R"("something_else": 7)"}}) {
    const auto& family = std::get<0>(row);
    const auto& member = std::get<1>(row);
    CAPTURE(member);
    CHECK(with_members(family, member).layers.size() == 1);
  }
}

TEST_CASE("refused values: values about parts that a model does not have change nothing") {
  CHECK(spec_of(R"("model_type": "granitemoehybrid", "num_hidden_layers": 1, "attention_multiplier": 0.5)")
            .layers.size() == 1);
  CHECK(with_members("qwen3_5_text", R"("norm_topk_prob": true, "routed_scaling_factor": 2)").layers.size() ==
        1);
  CHECK(spec_of(gguf_model().value("qwen3moe.expert_weights_scale", 2.5f)).experts() == 0);
}

TEST_CASE(
    "refused values: a window in a family without windows is refused, unless all positions fit into it") {
  const auto llama = [](const std::string& members) { return with_members("llama", members).layers.size(); };
  check_error([&] { return llama(R"("sliding_window": 100, "max_position_embeddings": 200)"); },
              {"$.sliding_window", "no window", "found 100"});
  CHECK(llama(R"("sliding_window": 200, "max_position_embeddings": 200)") == 1);
  CHECK(llama(R"("sliding_window": null)") == 1);
  CHECK(llama(R"("sliding_window": 100, "use_sliding_window": false)") == 1);
  check_error([] { return spec_of(gguf_model("llama").value("llama.attention.sliding_window", 100u)); },
              {"llama.attention.sliding_window", "no window"});
}

TEST_CASE("refused values: an error about a number that is nearly neutral shows all digits of the number") {
  check_error([] { return with_members("gpt_oss", R"("swiglu_alpha": 1.7020000000001)"); },
              {"$.swiglu_alpha: expected 1.702, found 1.7020000000001"});
  check_error(
      [] { return spec_of(gguf_model("qwen3").value("qwen3.expert_count", 5, GgufBuilder::bytes_of(-1))); },
      {"qwen3.expert_count", "not negative", "found -1"});
}

TEST_CASE("refused values: linear attention of MiniMax is refused") {
  CHECK(with_members("minimax_m2", R"("attn_type_list": [1, 1])").layers.size() == 1);
  check_error([] { return with_members("minimax_m2", R"("attn_type_list": [1, 0])"); },
              {"$.attn_type_list", "1 for each layer", "found 0"});
}

TEST_CASE("refused values: an error about an E model of Gemma names the part that the library lacks") {
  check_error([] { return with_members("gemma4_text", R"("hidden_size_per_layer_input": 256)"); },
              {"$.hidden_size_per_layer_input", "per-layer inputs", "found 256"});
  check_error([] { return with_members("gemma4_text", R"("num_kv_shared_layers": 18)"); },
              {"$.num_kv_shared_layers", "shared keys and values", "found 18"});
  SpecCheckpoint stored;
  stored.tensor("model.embed_tokens.weight").tensor("model.embed_tokens_per_layer.weight");
  check_error(
      [&] {
        return moe::ModelSpec(
            stored.hugging_face(R"({"model_type": "gemma4_text", "num_hidden_layers": 1})"));
      },
      {"model.safetensors: tensor \"model.embed_tokens_per_layer.weight\"",
       "a model without per-layer inputs"});
}

TEST_CASE("refused values: metadata of GGUF that the architecture does not have is refused by its key") {
  for (const auto& row :
       std::initializer_list<std::pair<const char*, float>>{{"expert_weights_scale", 2.5f},
                                                            {"attention.clamp_kqv", 8.0f},
                                                            {"attention.scale", 0.5f},
                                                            {"attention.temperature_scale", 0.1f},
                                                            {"logit_scale", 2.0f},
                                                            {"embedding_scale", 2.0f},
                                                            {"residual_scale", 0.5f},
                                                            {"final_logit_softcapping", 30.0f},
                                                            {"attn_logit_softcapping", 50.0f},
                                                            {"rope.scaling.yarn_log_multiplier", 0.1f}}) {
    const auto& key = std::get<0>(row);
    const auto& value = std::get<1>(row);
    check_error([&] { return with_router(gguf_model().value("qwen3moe." + std::string(key), value)); },
                {"x.gguf: key \"qwen3moe." + std::string(key), "expected"});
  }
  for (const auto& row : std::initializer_list<std::pair<const char*, std::uint32_t>>{
           {"expert_shared_count", 1}, {"expert_group_count", 4}, {"moe_latent_size", 8}}) {
    const auto& key = std::get<0>(row);
    const auto& value = std::get<1>(row);
    check_error([&] { return with_router(gguf_model().value("qwen3moe." + std::string(key), value)); },
                {"qwen3moe." + std::string(key), "expected"});
  }
  check_error([] { return spec_of(gguf_model().value("qwen3moe.attention.causal", false)); },
              {"qwen3moe.attention.causal", "expected true", "found false"});
  check_error([] { return spec_of(gguf_model("qwen3").value("qwen3.expert_count", 8u)); },
              {"qwen3.expert_count", "expected 0", "found 8"});
  check_error(
      [] { return spec_of(gguf_model("gemma4").value("gemma4.embedding_length_per_layer_input", 8u)); },
      {"embedding_length_per_layer_input"});
}

TEST_CASE("refused values: 0 in metadata of GGUF means that a number is not set") {
  GgufBuilder file = gguf_model();
  file.value("qwen3moe.logit_scale", 0.0f).value("qwen3moe.expert_weights_scale", 0.0f);
  file.value("qwen3moe.expert_group_count", 1u).value("qwen3moe.expert_gating_func", 1u);
  file.value("qwen3moe.n_deepstack_layers", 3u).value("qwen3moe.attention.clamp_kqv", 0.0f);
  CHECK(with_router(file).layers.size() == 2);
}
