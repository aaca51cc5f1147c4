// SPDX-License-Identifier: MIT
#include "detail/spec/model_spec.hpp"
#include "support/message_of.hpp"
#include "support/spec_checkpoint.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using moe::Activation;
using moe::FeedForwardSpec;
using moe::RouterSpec;
using Score = moe::RouterSpec::Score;

namespace {

/// The last of two layers.
FeedForwardSpec network_of(const moe::ModelSpec& spec) { return *spec.layers.back().feed_forward; }

FeedForwardSpec network_with(const std::string& model_type, const std::string& members = "\"x\": 0") {
  return network_of(spec_of("\"model_type\": \"" + model_type +
                            R"(", "num_hidden_layers": 2, "first_k_dense_replace": 1, "num_dense_layers": 1,
                               "head_dim": 8, "hybrid_override_pattern": "ME",
                               "layer_types": ["attention", "attention"], )" +
                            members));
}

RouterSpec router_with(const std::string& model_type, const std::string& members = "\"x\": 0") {
  return *network_with(model_type, members).router;
}

/// A GGUF model with 8 experts, of which a token takes 3, in its last layer.
FeedForwardSpec gguf_network(GgufBuilder file, SpecCheckpoint checkpoint = {}) {
  checkpoint.tensor("blk.1.ffn_gate_inp.weight", {8, 4});
  return network_of(moe::ModelSpec(checkpoint.gguf(std::move(file))));
}

/// A file of the architecture with 8 experts of width 5, of which a token takes 3.
GgufBuilder routed(const std::string& architecture) {
  GgufBuilder file = gguf_model(architecture);
  if (!architecture.ends_with("moe"))
    file.value(architecture + ".expert_count", 8u).value(architecture + ".expert_used_count", 3u);
  return file.value(architecture + ".expert_feed_forward_length", 5u);
}

}  // namespace

TEST_CASE(
    "feed-forward: the width of experts is moe_intermediate_size, or intermediate_size in some families") {
  for (const auto& row : std::initializer_list<std::pair<const char*, std::size_t>>{{"qwen3_moe", 9},
                                                                                    {"qwen2_moe", 9},
                                                                                    {"glm4_moe", 9},
                                                                                    {"lfm2_moe", 9},
                                                                                    {"nemotron_h", 9},
                                                                                    {"mixtral", 7},
                                                                                    {"olmoe", 7},
                                                                                    {"gpt_oss", 7},
                                                                                    {"minimax_m2", 7},
                                                                                    {"granitemoe", 7},
                                                                                    {"phimoe", 7}}) {
    const auto& family = std::get<0>(row);
    const auto& width = std::get<1>(row);
    CAPTURE(family);
    CHECK(network_with(family, R"("intermediate_size": 7, "moe_intermediate_size": 9)").network.width ==
          width);
  }
  CHECK(network_with("qwen3_moe", R"("mlp_only_layers": [1], "intermediate_size": 7)").network.width == 7);
}

TEST_CASE("feed-forward: experts and their number for a token have several names") {
  const auto numbers = [](const RouterSpec& router) { return std::pair(router.experts, router.per_token); };
  using Pair = std::pair<std::size_t, std::size_t>;
  CHECK(numbers(router_with("qwen3_moe", R"("num_experts": 16, "num_experts_per_tok": 4)")) == Pair(16, 4));
  CHECK(numbers(router_with("qwen3_moe", R"("num_local_experts": 12)")) == Pair(12, 8));
  CHECK(numbers(router_with("deepseek_v3", R"("n_routed_experts": 32)")) == Pair(32, 8));
  CHECK(numbers(router_with("gpt_oss", R"("experts_per_token": 2)")) == Pair(128, 2));
  CHECK(numbers(router_with("gemma4_text",
                            R"("enable_moe_block": true, "num_experts": 8, "top_k_experts": 3,
                               "expert_intermediate_size": 5)")) == Pair(8, 3));
  check_error([] { return router_with("qwen3_moe", R"("num_experts": 4, "num_experts_per_tok": 5)"); },
              {"$.num_experts_per_tok", "from 1 to 4"});
  check_error([] { return router_with("qwen3_moe", R"("num_experts_per_tok": 0)"); },
              {"$.num_experts_per_tok", "a whole number from 1"});
  check_error([] { return router_with("gemma4_text", R"("enable_moe_block": true, "num_experts": 8)"); },
              {"\"num_experts_per_tok\" to be a whole number from 1"});
}

TEST_CASE("feed-forward: the family has an activation, and any other activation is refused") {
  for (const auto& row : std::initializer_list<std::tuple<const char*, Activation, const char*, const char*>>{
           {"qwen3_moe", Activation::silu, "hidden_act", "silu"},
           {"mixtral", Activation::silu, "hidden_act", "swish"},
           {"gpt_oss", Activation::clamped_silu, "hidden_act", "silu"},
           {"gemma4_text", Activation::gelu, "hidden_activation", "gelu_pytorch_tanh"},
           {"nemotron_h", Activation::relu_squared, "mlp_hidden_act", "relu2"}}) {
    const auto& family = std::get<0>(row);
    const auto& activation = std::get<1>(row);
    const auto& key = std::get<2>(row);
    const auto& name = std::get<3>(row);
    CAPTURE(family);
    const auto with = [&](const char* value) {
      return network_with(family, "\"" + std::string(key) + "\": \"" + value + "\"");
    };
    CHECK(with(name).network.activation == activation);
    check_error([&] { return with("gelu"); },
                {key, name == std::string("swish") ? "silu" : name, "found gelu"});
  }
  CHECK(network_with("gpt_oss", R"("swiglu_limit": 5.5)").network.limit == 5.5f);
  CHECK(network_with("gpt_oss").network.limit == 7);
  CHECK(network_with("gpt_oss").network.biases);
  check_error([] { return network_with("qwen3_moe", R"("mlp_bias": true)"); },
              {"$.mlp_bias", "expected false"});
}

TEST_CASE("router: the family decides about the score") {
  for (const auto& row :
       std::initializer_list<std::pair<const char*, Score>>{{"qwen3_moe", Score::softmax},
                                                            {"mixtral", Score::softmax},
                                                            {"gpt_oss", Score::softmax_of_chosen},
                                                            {"granitemoe", Score::softmax_of_chosen},
                                                            {"phimoe", Score::sparsemixer},
                                                            {"minimax_m2", Score::sigmoid},
                                                            {"deepseek_v3", Score::sigmoid},
                                                            {"nemotron_h", Score::sigmoid},
                                                            {"lfm2_moe", Score::sigmoid}}) {
    const auto& family = std::get<0>(row);
    const auto& score = std::get<1>(row);
    CAPTURE(family);
    CHECK(router_with(family).score == score);
  }
  CHECK(router_with("phimoe").jitter == 0.01f);
  CHECK(router_with("phimoe", R"("router_jitter_noise": 0.125)").jitter == 0.125f);
  check_error([] { return router_with("phimoe", R"("num_experts_per_tok": 3)"); },
              {"$.num_experts_per_tok", "expected 2", "found 3"});
  check_error([] { return router_with("minimax_m2", R"("scoring_func": "softmax")"); },
              {"$.scoring_func", "sigmoid", "softmax"});
  check_error([] { return router_with("deepseek_v3", R"("scoring_func": "sqrtsoftplus")"); },
              {"$.scoring_func", "sigmoid", "sqrtsoftplus"});
  check_error([] { return router_with("gpt_oss", R"("scoring_func": "sigmoid")"); }, {"$.scoring_func"});
}

TEST_CASE("router: weights are normalised always, never, or as stated") {
  const char* const yes = R"("norm_topk_prob": true)";
  const char* const no = R"("norm_topk_prob": false)";
  CHECK_FALSE(router_with("qwen3_moe").normalise);
  CHECK(router_with("qwen3_moe", yes).normalise);
  CHECK(router_with("qwen3_omni_moe_text").normalise);
  CHECK_FALSE(router_with("qwen2_moe").normalise);
  CHECK(router_with("mixtral").normalise);
  CHECK(router_with("qwen3_next").normalise);
  CHECK_FALSE(router_with("qwen3_next", no).normalise);
  CHECK(router_with("qwen3_5_moe_text", no).normalise);
  CHECK(router_with("lfm2_moe").normalise_epsilon == 1e-6f);
  CHECK(router_with("deepseek_v3").normalise_epsilon == 1e-20f);
  CHECK(router_with("nemotron_h", no).normalise_epsilon == 0);
  CHECK_FALSE(router_with("gpt_oss").normalise);
  check_error([&] { return router_with("deepseek_v2", "\"num_experts_per_tok\": 2, " + std::string(yes)); },
              {"$.norm_topk_prob", "expected false"});
}

TEST_CASE("router: a bias may be added for the choice, and weights may have a factor") {
  CHECK(router_with("deepseek_v3").selection_bias);
  CHECK(router_with("minimax_m2").selection_bias);
  CHECK_FALSE(router_with("minimax_m2", R"("use_routing_bias": false)").selection_bias);
  CHECK_FALSE(router_with("lfm2_moe", R"("use_expert_bias": false)").selection_bias);
  CHECK_FALSE(router_with("qwen3_moe").selection_bias);
  check_error([] { return router_with("qwen3_moe", R"("use_expert_bias": true)"); }, {"$.use_expert_bias"});
  CHECK(router_with("gpt_oss").bias);
  CHECK(router_with("deepseek_v3").scale == 2.5f);
  CHECK(router_with("glm4_moe_lite").scale == 1.8f);
  CHECK(router_with("lfm2_moe", R"("routed_scaling_factor": 1.5)").scale == 1.5f);
  check_error([] { return router_with("mixtral", R"("routed_scaling_factor": 1.5)"); },
              {"$.routed_scaling_factor", "expected 1", "found 1.5"});
}

TEST_CASE("router: the score of a group is the sum of its two largest scores, or its largest score") {
  const RouterSpec v3 = router_with("deepseek_v3");
  CHECK(v3.groups == 8);
  CHECK(v3.groups_kept == 4);
  CHECK(v3.group_score_is_sum);
  const std::string groups = R"("n_group": 4, "topk_group": 2, "num_experts_per_tok": 6, "topk_method": )";
  const RouterSpec v2 = router_with("deepseek_v2", groups + "\"group_limited_greedy\"");
  CHECK(v2.groups == 4);
  CHECK(v2.groups_kept == 2);
  CHECK_FALSE(v2.group_score_is_sum);
  CHECK(router_with("deepseek_v2", groups + "\"greedy\"").groups == 1);
  CHECK(router_with("glm4_moe", R"("n_group": 1, "topk_group": 1)").groups == 1);
  check_error([&] { return router_with("deepseek_v2", groups + "\"noaux_tc\""); },
              {"$.topk_method", "greedy or group_limited_greedy", "noaux_tc"});
  check_error([&] { return router_with("deepseek_v3", R"("topk_method": "greedy")"); },
              {"$.topk_method", "noaux_tc", "greedy"});
  check_error([] { return router_with("glm4_moe", R"("n_group": 3)"); }, {"$.n_group", "a divisor of 128"});
  check_error([] { return router_with("glm4_moe", R"("n_group": 128, "topk_group": 8)"); },
              {"$.n_group", "64", "found 128"});
  check_error(
      [] { return router_with("glm4_moe", R"("n_routed_experts": 32, "n_group": 32, "topk_group": 8)"); },
      {"$.n_group", "at least 2 experts"});
  check_error([] { return router_with("glm4_moe", R"("n_group": 4, "topk_group": 5)"); },
              {"$.topk_group", "from 1 to 4"});
  check_error([] { return router_with("glm4_moe", R"("n_group": 64, "topk_group": 3)"); },
              {"$.topk_group", "together have at least 8 experts", "found 3"});
  check_error([] { return router_with("qwen3_moe", R"("n_group": 4)"); }, {"$.n_group", "expected 1"});
  check_error([] { return router_with("qwen3_moe", R"("topk_method": "noaux_tc")"); }, {"$.topk_method"});
}

TEST_CASE(
    "feed-forward: a network beside the experts has a stated width, or the width of a number of experts") {
  const auto shared = [](const FeedForwardSpec& spec) {
    return spec.always_on ? spec.always_on->network.width : 0;
  };
  CHECK(shared(network_with("qwen2_moe")) == 5632);
  CHECK(network_with("qwen2_moe").always_on->gate);
  CHECK(shared(network_with("qwen3_next", R"("shared_expert_intermediate_size": 20)")) == 20);
  CHECK(shared(network_with("glm4_moe", R"("n_shared_experts": 2, "moe_intermediate_size": 7)")) == 14);
  CHECK_FALSE(network_with("glm4_moe").always_on->gate);
  CHECK(shared(network_with("deepseek_v3", R"("n_shared_experts": null)")) == 0);
  CHECK(shared(network_with("granitemoe")) == 0);
  CHECK(shared(network_with("granitemoeshared", R"("shared_intermediate_size": 24)")) == 24);
  CHECK(shared(network_with("nemotron_h", R"("moe_shared_expert_intermediate_size": 48)")) == 48);
  CHECK(network_with("nemotron_h").always_on->network.activation == Activation::relu_squared);
  CHECK(shared(network_with("granitemoehybrid")) == 1024);
  const FeedForwardSpec gemma =
      network_with("gemma4_text", R"("enable_moe_block": true, "num_experts": 8, "top_k_experts": 3,
                        "moe_intermediate_size": 5, "intermediate_size": 40)");
  CHECK(shared(gemma) == 40);
  CHECK(gemma.always_on->own_norms);
  CHECK(gemma.router->own_norm);
  CHECK(gemma.router->per_expert_scale);
  CHECK_FALSE(network_with("qwen3_moe").always_on);
  check_error([] { return network_with("minimax_m2", R"("shared_intermediate_size": 8)"); },
              {"$.shared_intermediate_size", "expected 0"});
}

TEST_CASE("feed-forward: without experts, the shared network of Granite-4 is the dense network") {
  const FeedForwardSpec dense =
      network_with("granitemoehybrid", R"("num_local_experts": 0, "shared_intermediate_size": 40)");
  CHECK_FALSE(dense.router);
  CHECK(dense.network.width == 40);
  CHECK_FALSE(dense.always_on);
}

TEST_CASE("feed-forward: experts of Nemotron-H may work on a projection") {
  CHECK(network_with("nemotron_h").latent_size == 0);
  CHECK(network_with("nemotron_h", R"("moe_latent_size": 32)").latent_size == 32);
  check_error([] { return network_with("qwen3_moe", R"("moe_latent_size": 32)"); }, {"$.moe_latent_size"});
}

TEST_CASE("feed-forward: in GGUF files shapes of tensors take precedence over stated widths") {
  const auto width = [](const char* name, std::vector<std::size_t> shape) {
    SpecCheckpoint checkpoint;
    checkpoint.tensor(name, std::move(shape)).tensor("blk.1.ffn_gate_inp.weight", {8, 4});
    return network_of(moe::ModelSpec(checkpoint.gguf(routed("qwen3moe")))).network.width;
  };
  CHECK(width("blk.1.ffn_up_exps.weight", {8, 3, 4}) == 3);
  CHECK(width("blk.1.ffn_gate_up_exps.weight", {8, 10, 4}) == 5);
  CHECK(width("blk.1.ffn_up.0.weight", {3, 4}) == 3);
  CHECK(gguf_network(routed("qwen3moe")).network.width == 5);
  CHECK(gguf_network(gguf_model()).network.width == 2);  // 6 divided by 3 experts for each token
  CHECK(gguf_network(gguf_model("olmoe").value("olmoe.expert_gating_func", 0u)).network.width == 6);
  SpecCheckpoint dense;
  dense.tensor("blk.1.ffn_up.weight", {7, 4});
  CHECK(network_of(moe::ModelSpec(dense.gguf(gguf_model("qwen3")))).network.width == 7);
  CHECK(network_of(spec_of(gguf_model("qwen3"))).network.width == 6);
}

TEST_CASE("router: GGUF files state the score, or have the score of the architecture") {
  const auto score = [](const std::string& architecture, std::uint32_t number) {
    return gguf_network(routed(architecture).value(architecture + ".expert_gating_func", number))
        .router->score;
  };
  CHECK(score("qwen3moe", 1) == Score::softmax);
  CHECK(score("glm4moe", 2) == Score::sigmoid);
  CHECK(score("gpt-oss", 3) == Score::softmax_of_chosen);
  CHECK(score("granitemoe", 1) == Score::softmax_of_chosen);
  CHECK(gguf_network(routed("minimax-m2")).router->score == Score::sigmoid);
  for (const auto& row : std::initializer_list<std::pair<const char*, std::uint32_t>>{
           {"qwen3moe", 2}, {"glm4moe", 1}, {"qwen3moe", 4}}) {
    const auto& architecture = std::get<0>(row);
    const auto& number = std::get<1>(row);
    check_error([&] { return score(architecture, number); }, {architecture, "expert_gating_func"});
  }
}

TEST_CASE("router: files of deepseek2 state softmax or sigmoid; files of GLM-4.7-Flash may state neither") {
  const auto router = [](std::uint32_t layers, std::uint32_t drafts, std::uint64_t vocabulary,
                         std::uint32_t stated) {
    GgufBuilder file;
    file.value("general.architecture", "deepseek2").value("deepseek2.block_count", layers);
    file.value("deepseek2.context_length", 512u).value("deepseek2.embedding_length", 1u);
    file.value("deepseek2.feed_forward_length", 6u).value("deepseek2.attention.head_count", 2u);
    file.value("deepseek2.expert_count", 8u).value("deepseek2.expert_used_count", 2u);
    file.value("deepseek2.expert_feed_forward_length", 5u).value("deepseek2.leading_dense_block_count", 1u);
    file.value("deepseek2.attention.kv_lora_rank", 4u).value("deepseek2.attention.q_lora_rank", 4u);
    file.value("deepseek2.rope.dimension_count", 4u).value("deepseek2.attention.key_length", 8u);
    file.value("deepseek2.attention.value_length", 4u);
    file.value("deepseek2.attention.layer_norm_rms_epsilon", 1e-6f);
    if (drafts > 0) file.value("deepseek2.nextn_predict_layers", drafts);
    if (stated > 0) file.value("deepseek2.expert_gating_func", stated);
    const TemporaryDirectory directory;
    file.tensor("token_embd.weight", {1, vocabulary}, 24, std::string(vocabulary, 'x'));
    file.tensor("blk.0.attn_norm.weight", {1}, 0, "xxxx");
    for (int i = 0; i < 60; ++i) file.tensor("x." + std::to_string(i), {1}, 0, "xxxx");
    return *network_of(moe::ModelSpec(moe::Checkpoint(directory.write("x.gguf", file.file())))).router;
  };
  CHECK(router(3, 0, 1000, 0).score == Score::softmax);
  CHECK_FALSE(router(3, 0, 1000, 0).normalise);
  CHECK(router(3, 0, 1000, 2).score == Score::sigmoid);
  // The converter of llama.cpp writes expert_weights_norm only if it is true.
  CHECK_FALSE(router(3, 0, 1000, 2).normalise);
  CHECK(router(47, 0, 154880, 0).score == Score::sigmoid);
  CHECK(router(48, 1, 154880, 0).score == Score::sigmoid);
  CHECK(router(48, 0, 154880, 0).score == Score::softmax);
  CHECK(router(47, 0, 1000, 0).score == Score::softmax);
  check_error([&] { return router(3, 0, 1000, 3); }, {"deepseek2.expert_gating_func", "1 or 2", "found 3"});
}

TEST_CASE("router: GGUF files normalise weights as the architecture does, unless a value states otherwise") {
  const auto normalise = [](const char* architecture) {
    return gguf_network(routed(architecture)).router->normalise;
  };
  CHECK(normalise("qwen3moe"));
  CHECK(normalise("llama"));
  CHECK(normalise("glm4moe"));
  CHECK_FALSE(normalise("qwen2moe"));
  CHECK_FALSE(normalise("olmoe"));
  CHECK_FALSE(normalise("gpt-oss"));
  CHECK_FALSE(
      gguf_network(routed("qwen3moe").value("qwen3moe.expert_weights_norm", false)).router->normalise);
  CHECK(gguf_network(routed("qwen2moe").value("qwen2moe.expert_weights_norm", true)).router->normalise);
}

TEST_CASE("router: in GGUF files a factor of 0 means 1, and tensors say whether there is a bias") {
  const auto scale = [](float stated) {
    return gguf_network(routed("glm4moe").value("glm4moe.expert_weights_scale", stated)).router->scale;
  };
  CHECK(scale(2.5f) == 2.5f);
  CHECK(scale(0) == 1);
  CHECK(gguf_network(routed("glm4moe")).router->scale == 1);
  CHECK_FALSE(gguf_network(routed("glm4moe")).router->selection_bias);
  SpecCheckpoint biased;
  biased.tensor("blk.1.exp_probs_b.bias", {8}).tensor("blk.1.ffn_gate_inp.weight", {8, 4});
  CHECK(network_of(moe::ModelSpec(biased.gguf(routed("glm4moe")))).router->selection_bias);
}

TEST_CASE("router: GGUF files may state experts for each layer") {
  GgufBuilder file;
  file.value("general.architecture", "nemotron_h_moe").value("nemotron_h_moe.block_count", 2u);
  file.value("nemotron_h_moe.context_length", 512u).value("nemotron_h_moe.embedding_length", 4u);
  file.value("nemotron_h_moe.expert_count", 8u);
  using Numbers = std::vector<std::int32_t>;
  file.array("nemotron_h_moe.attention.head_count_kv", 5, Numbers{0, 0});
  file.array("nemotron_h_moe.feed_forward_length", 5, Numbers{6, 6});
  file.array("nemotron_h_moe.expert_feed_forward_length", 5, Numbers{6, 7});
  SpecCheckpoint checkpoint;
  for (const char* name : {"blk.0.ffn_gate_inp.weight", "blk.1.ffn_gate_inp.weight"})
    checkpoint.tensor(name, {8, 4});
  GgufBuilder wrong = file;
  wrong.array("nemotron_h_moe.expert_used_count", 5, Numbers{2, 9});
  const moe::ModelSpec spec(
      checkpoint.gguf(file.array("nemotron_h_moe.expert_used_count", 5, Numbers{2, 4})));
  CHECK(spec.layers[0].router()->per_token == 2);
  CHECK(spec.layers[1].router()->per_token == 4);
  CHECK(spec.layers[1].feed_forward->network.width == 7);
  CHECK(spec.experts_per_token() == 4);
  check_error([&] { return moe::ModelSpec(checkpoint.gguf(wrong)); },
              {"nemotron_h_moe.expert_used_count", "a whole number from 1 to 8", "found 9 in layer 1"});
}
