// SPDX-License-Identifier: MIT
#include "detail/spec/model_spec.hpp"
#include "support/message_of.hpp"
#include "support/spec_checkpoint.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace {

/// Up to two letters for each layer: w for attention within a window, a for other attention, r for a recurrent mixer; then E for
/// experts, - for a dense network.
std::string letters(const moe::ModelSpec& spec) {
  std::string out;
  for (const moe::LayerSpec& layer : spec.layers) {
    if (!out.empty()) out += ' ';
    if (const auto* attention = std::get_if<moe::AttentionSpec>(&layer.mixer)) {
      out += attention->window > 0 ? 'w' : 'a';
    } else if (std::get_if<moe::LatentAttentionSpec>(&layer.mixer)) {
      out += 'a';
    } else if (!std::get_if<moe::NoMixer>(&layer.mixer)) {
      out += 'r';
    }
    if (layer.feed_forward) out += layer.router() ? 'E' : '-';
  }
  return out;
}

std::string kinds(const std::string& model_type, const std::string& members) {
  return letters(spec_of("\"model_type\": \"" + model_type + "\", " + members));
}

}  // namespace

TEST_CASE("layer kinds: mlp_only_layers and decoder_sparse_step determine the dense layers of Qwen") {
  const auto qwen = [](const std::string& members) {
    return kinds("qwen3_moe", "\"num_hidden_layers\": 6, " + members);
  };
  CHECK(qwen(R"("mlp_only_layers": [0, 4, 99])") == "a- aE aE aE a- aE");
  CHECK(qwen(R"("decoder_sparse_step": 2)") == "a- aE a- aE a- aE");
  CHECK(qwen(R"("decoder_sparse_step": 3, "mlp_only_layers": [5])") == "a- a- aE a- a- a-");
  CHECK(qwen(R"("num_experts": 0)") == "a- a- a- a- a- a-");
}

TEST_CASE("layer kinds: some families have dense first layers, or a list of dense and sparse layers") {
  CHECK(kinds("glm4_moe", R"("num_hidden_layers": 3, "head_dim": 8)") == "a- aE aE");
  CHECK(kinds("glm4_moe", R"("num_hidden_layers": 3, "head_dim": 8, "first_k_dense_replace": 2)") ==
        "a- a- aE");
  CHECK(kinds("deepseek_v3", R"("num_hidden_layers": 4)") == "a- a- a- aE");
  CHECK(kinds("glm4_moe_lite",
              R"("num_hidden_layers": 3, "mlp_layer_types": ["sparse", "dense", "sparse"])") == "aE a- aE");
  CHECK(kinds("lfm2_moe", R"("num_hidden_layers": 3, "layer_types": ["conv", "full_attention", "conv"])") ==
        "r- a- rE");
  CHECK(kinds("lfm2_moe",
              R"("num_hidden_layers": 2, "layer_types": ["linear_attention", "full_attention"])") == "r- a-");
  check_error(
      [] { return kinds("glm4_moe_lite", R"("num_hidden_layers": 2, "mlp_layer_types": ["odd", "dense"])"); },
      {"$.mlp_layer_types", "dense or sparse", "odd"});
  check_error(
      [] { return kinds("glm4_moe_lite", R"("num_hidden_layers": 2, "mlp_layer_types": ["dense"])"); },
      {"$.mlp_layer_types", "a word for each of 2 layers", "1 words"});
}

TEST_CASE(
    "layer kinds: a sliding window is in all layers of Qwen3-MoE, and in later layers of a dense Qwen3") {
  const auto windows = [](const std::string& type, const std::string& members) {
    return kinds(
        type, R"("num_hidden_layers": 3, "sliding_window": 7, "num_experts": 2, "num_experts_per_tok": 1, )" +
                  members);
  };
  CHECK(windows("qwen3_moe", R"("x": 0)") == "aE aE aE");
  CHECK(windows("qwen3_moe", R"("use_sliding_window": true, "max_window_layers": 2)") == "wE wE wE");
  CHECK(windows("qwen3", R"("use_sliding_window": true, "max_window_layers": 2)") == "a- a- w-");
  CHECK(windows("qwen3", R"("use_sliding_window": true, "layer_types":
                   ["sliding_attention", "full_attention", "sliding_attention"])") == "w- a- w-");
  CHECK(kinds("qwen3_moe", R"("num_hidden_layers": 1, "use_sliding_window": true, "sliding_window": null)") ==
        "aE");
  CHECK(windows("qwen3_omni_moe_text", R"("head_dim": 8, "use_sliding_window": true)") == "aE aE aE");
}

TEST_CASE("layer kinds: windows of Qwen2-MoE are in the layers of a list, or in even lower layers") {
  const std::string list = R"("num_hidden_layers": 2, "sliding_window": 7, "use_sliding_window": )";
  const std::string words = R"(, "layer_types": ["sliding_attention", "full_attention"])";
  CHECK(kinds("qwen2_moe", list + "true" + words) == "wE aE");
  CHECK(kinds("qwen2_moe", list + "false" + words) == "aE aE");
  CHECK(kinds("qwen2_moe", list + "false") == "aE aE");
  CHECK(kinds("qwen2_moe", list + "true") == "wE aE");
  CHECK(kinds("qwen2_moe", R"("num_hidden_layers": 5, "sliding_window": 7, "use_sliding_window": true,
                              "max_window_layers": 3)") == "wE aE wE aE aE");
}

TEST_CASE(
    "layer kinds: other families have windows in all layers, in every second layer, or in five of six") {
  CHECK(kinds("mistral", R"("num_hidden_layers": 2)") == "w- w-");
  CHECK(kinds("mistral", R"("num_hidden_layers": 2, "sliding_window": null)") == "a- a-");
  CHECK(kinds("mixtral", R"("num_hidden_layers": 2)") == "aE aE");
  CHECK(kinds("mixtral", R"("num_hidden_layers": 2, "sliding_window": 9)") == "wE wE");
  CHECK(kinds("gpt_oss", R"("num_hidden_layers": 3)") == "wE aE wE");
  CHECK(
      kinds("gpt_oss", R"("num_hidden_layers": 2, "layer_types": ["full_attention", "sliding_attention"])") ==
      "aE wE");
  CHECK(kinds("gemma4_text", R"("num_hidden_layers": 7)") == "w- w- w- w- w- a- a-");
  CHECK(kinds("gemma4_text",
              R"("num_hidden_layers": 2, "layer_types": ["sliding_attention", "sliding_attention"])") ==
        "w- a-");
}

TEST_CASE("layer kinds: a list takes precedence over the interval of attention") {
  CHECK(kinds("qwen3_next", R"("num_hidden_layers": 5)") == "rE rE rE aE rE");
  CHECK(kinds("qwen3_5_text", R"("num_hidden_layers": 4, "full_attention_interval": 2)") == "r- a- r- a-");
  CHECK(kinds("qwen3_5_text", R"("num_hidden_layers": 2, "full_attention_interval": 2,
                                 "layer_types": ["full_attention", "linear_attention"])") == "a- r-");
  CHECK(kinds("granitemoehybrid", R"("num_hidden_layers": 2)") == "rE rE");
  CHECK(kinds("granitemoehybrid", R"("num_hidden_layers": 2, "layer_types": ["attention", "mamba"])") ==
        "aE rE");
  CHECK(kinds("lfm2_moe", R"("num_hidden_layers": 3, "full_attn_idxs": [2])") == "r- r- aE");
  check_error([] { return kinds("lfm2_moe", R"("num_hidden_layers": 3)"); },
              {"$", "\"layer_types\" to be a list"});
}

TEST_CASE("layer kinds: a list that is too short, or has a word that the family does not have, is refused") {
  check_error(
      [] { return kinds("qwen3_moe", R"("num_hidden_layers": 1, "layer_types": ["linear_attention"])"); },
      {"$.layer_types", "full_attention or sliding_attention", "linear_attention"});
  check_error(
      [] { return kinds("qwen3_next", R"("num_hidden_layers": 1, "layer_types": ["sliding_attention"])"); },
      {"$.layer_types", "linear_attention or mamba", "sliding_attention"});
  check_error([] { return kinds("lfm2_moe", R"("num_hidden_layers": 1, "layer_types": ["mamba"])"); },
              {"$.layer_types", "full_attention or linear_attention or conv", "mamba"});
  check_error([] { return kinds("gpt_oss", R"("num_hidden_layers": 2, "layer_types": ["full_attention"])"); },
              {"$.layer_types", "a word for each of 2 layers", "1 words"});
}

TEST_CASE("layer kinds: a block of Nemotron-H has a mixer or a network") {
  CHECK(kinds("nemotron_h", R"("hybrid_override_pattern": "M*E-")") == "r a E -");
  CHECK(kinds("nemotron_h", R"("layers_block_type": ["linear_attention", "full_attention", "moe", "mlp"])") ==
        "r a E -");
  CHECK(kinds("nemotron_h", R"("num_hidden_layers": 1, "layer_types": ["mamba", "moe", "mlp"])") == "r E -");
  check_error([] { return kinds("nemotron_h", R"("hybrid_override_pattern": "MX")"); },
              {"$.hybrid_override_pattern", "M, *, E and -", "found X"});
  check_error([] { return kinds("nemotron_h", R"("num_hidden_layers": 2)"); },
              {"\"hybrid_override_pattern\" to be a pattern"});
}

TEST_CASE("layer kinds: in a GGUF file a layer has experts if it has a router") {
  SpecCheckpoint checkpoint;
  checkpoint.tensor("blk.1.ffn_gate_inp.weight", {8, 4});
  CHECK(letters(moe::ModelSpec(checkpoint.gguf(gguf_model()))) == "a- aE");
  GgufBuilder file = gguf_model("glm4moe");
  file.value("glm4moe.leading_dense_block_count", 1u).value("glm4moe.expert_feed_forward_length", 3u);
  CHECK(letters(spec_of(file)) == "a- aE");
}

TEST_CASE("layer kinds: a number of experts that no layer has is 0, since no tensor confirms it") {
  for (const char* sparse : {R"("decoder_sparse_step": 1000)", R"("mlp_only_layers": [0, 1, 2])"}) {
    const moe::ModelSpec spec = spec_of(
        R"("model_type": "qwen3_moe", "num_hidden_layers": 3, "num_experts": 2000000000, )" +
        std::string(R"("num_experts_per_tok": 1000000000, "moe_intermediate_size": 2000000000, )") + sparse);
    CHECK(spec.experts() == 0);
    CHECK(spec.experts_per_token() == 0);
    CHECK(spec.layers[0].feed_forward->network.width == 6144);
  }
}

TEST_CASE("layer kinds: GGUF files list heads of keys, widths, windows and recurrent layers") {
  using Numbers = std::vector<std::int32_t>;
  GgufBuilder lfm2 = gguf_model("lfm2moe");
  CHECK(letters(spec_of(lfm2.array("lfm2moe.attention.head_count_kv", 5, Numbers{0, 1})
                            .value("lfm2moe.shortconv.l_cache", 3u))) == "r- a-");
  GgufBuilder gpt = gguf_model("gpt-oss");
  CHECK(letters(spec_of(
            gpt.value("gpt-oss.attention.sliding_window", 4u).value("gpt-oss.expert_count", 0u))) == "w- a-");
  GgufBuilder next = gguf_model("qwen35");
  next.value("qwen35.ssm.conv_kernel", 4u)
      .value("qwen35.ssm.state_size", 2u)
      .value("qwen35.ssm.group_count", 1u);
  next.value("qwen35.ssm.time_step_rank", 2u).value("qwen35.ssm.inner_size", 4u);
  next.value("qwen35.rope.dimension_count", 2u);
  CHECK(letters(spec_of(next)) == "r- r-");
  CHECK(letters(spec_of(
            next.array("qwen35.attention.recurrent_layers", 7, std::vector<std::uint8_t>{0, 1}))) == "a- r-");
  GgufBuilder nemotron = gguf_model("nemotron_h");
  nemotron.value("nemotron_h.ssm.conv_kernel", 4u).value("nemotron_h.ssm.state_size", 2u);
  nemotron.value("nemotron_h.ssm.group_count", 1u)
      .value("nemotron_h.ssm.time_step_rank", 2u)
      .value("nemotron_h.ssm.inner_size", 4u);
  CHECK(letters(spec_of(nemotron.array("nemotron_h.attention.head_count_kv", 5, Numbers{0, 1}))) == "- a");
}

TEST_CASE("layer kinds: lists of GGUF files that are too short are refused by their keys") {
  using Numbers = std::vector<std::int32_t>;
  GgufBuilder lfm2 = gguf_model("lfm2moe");
  check_error([&] { return spec_of(lfm2.array("lfm2moe.attention.head_count_kv", 5, Numbers{0})); },
              {"lfm2moe.attention.head_count_kv", "an element for each of 2 layers", "1 elements"});
  GgufBuilder gemma = gguf_model("gemma4");
  gemma.array("gemma4.attention.sliding_window_pattern", 7, std::vector<std::uint8_t>{1});
  check_error([&] { return spec_of(gemma); },
              {"gemma4.attention.sliding_window_pattern", "an element for each of 2 layers"});
}
