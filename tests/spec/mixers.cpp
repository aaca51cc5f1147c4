// SPDX-License-Identifier: MIT
#include "detail/spec/model_spec.hpp"
#include "support/message_of.hpp"
#include "support/spec_checkpoint.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace {

template <class Mixer>
Mixer mixer_of(const moe::ModelSpec& spec) {
  return std::get<Mixer>(spec.layers.at(0).mixer);
}

moe::DeltaNetSpec delta_net(const std::string& members) {
  return mixer_of<moe::DeltaNetSpec>(
      spec_of(R"("model_type": "qwen3_next", "num_hidden_layers": 1, )" + members));
}

moe::Mamba2Spec nemotron(const std::string& members) {
  return mixer_of<moe::Mamba2Spec>(
      spec_of(R"("model_type": "nemotron_h", "hybrid_override_pattern": "M", )" + members));
}

moe::Mamba2Spec granite(const std::string& members) {
  return mixer_of<moe::Mamba2Spec>(
      spec_of(R"("model_type": "granitemoehybrid", "num_hidden_layers": 1, )" + members));
}

/// Metadata of a recurrent mixer: 8 numbers in 4 heads.
GgufBuilder with_states(const std::string& architecture, std::uint32_t groups) {
  GgufBuilder file = gguf_model(architecture);
  return file.value(architecture + ".ssm.conv_kernel", 4u)
      .value(architecture + ".ssm.state_size", 2u)
      .value(architecture + ".ssm.group_count", groups)
      .value(architecture + ".ssm.time_step_rank", 4u)
      .value(architecture + ".ssm.inner_size", 8u);
}

GgufBuilder with_blocks(std::uint32_t groups) {
  GgufBuilder file;
  file.value("general.architecture", "nemotron_h").value("nemotron_h.block_count", 1u);
  file.value("nemotron_h.context_length", 512u).value("nemotron_h.embedding_length", 4u);
  file.array("nemotron_h.attention.head_count_kv", 5, std::vector<std::int32_t>{0});
  return file.value("nemotron_h.ssm.conv_kernel", 4u)
      .value("nemotron_h.ssm.state_size", 2u)
      .value("nemotron_h.ssm.group_count", groups)
      .value("nemotron_h.ssm.time_step_rank", 4u)
      .value("nemotron_h.ssm.inner_size", 8u);
}

}  // namespace

TEST_CASE("delta net: sizes come from config.json, or are defaults of the family") {
  const moe::DeltaNetSpec usual = delta_net("\"x\": 0");
  CHECK(usual == moe::DeltaNetSpec{16, 32, 128, 128, 4, false, true});
  const moe::DeltaNetSpec stated = delta_net(
      R"("linear_num_key_heads": 2, "linear_num_value_heads": 6, "linear_key_head_dim": 8,
         "linear_value_head_dim": 16, "linear_conv_kernel_dim": 3)");
  CHECK(stated == moe::DeltaNetSpec{2, 6, 8, 16, 3, false, true});
  CHECK(stated.channels() == 2 * 2 * 8 + 6 * 16);
  check_error([] { return delta_net(R"("linear_num_key_heads": 2, "linear_num_value_heads": 3)"); },
              {"$.linear_num_value_heads", "a multiple of 2", "found 3"});
}

TEST_CASE("convolutions: more than 16 taps are refused") {
  check_error([] { return delta_net(R"("linear_conv_kernel_dim": 17)"); },
              {"$.linear_conv_kernel_dim", "16", "found 17"});
  check_error([] { return nemotron(R"("conv_kernel": 17)"); }, {"$.conv_kernel", "16", "found 17"});
}

TEST_CASE("delta net: the activation of the gate is SiLU, and any other activation is refused") {
  for (const char* name : {"silu", "swish"})
    CHECK(delta_net("\"output_gate_type\": \"" + std::string(name) + "\"").kernel == 4);
  check_error([] { return delta_net(R"("output_gate_type": "sigmoid")"); },
              {"$.output_gate_type", "silu or swish", "sigmoid"});
}

TEST_CASE(
    "delta net: GGUF files store the decay as -a in place of log(a), and some reorder the heads of values") {
  CHECK(
      mixer_of<moe::DeltaNetSpec>(spec_of(with_states("qwen3next", 2).value("qwen3next.expert_count", 0u))) ==
      moe::DeltaNetSpec{2, 4, 2, 2, 4, false, false});
  CHECK(mixer_of<moe::DeltaNetSpec>(spec_of(with_states("qwen35", 2))).tiled_heads);
  CHECK_FALSE(mixer_of<moe::DeltaNetSpec>(spec_of(with_states("qwen35", 4))).tiled_heads);
  check_error([] { return spec_of(gguf_model("qwen35")); }, {"qwen35.ssm.group_count", "to be there"});
  GgufBuilder wrong = gguf_model("qwen35");
  wrong.value("qwen35.ssm.conv_kernel", 4u).value("qwen35.ssm.state_size", 2u);
  wrong.value("qwen35.ssm.group_count", 2u).value("qwen35.ssm.time_step_rank", 4u);
  check_error([&] { return spec_of(wrong.value("qwen35.ssm.inner_size", 9u)); },
              {"qwen35.ssm.inner_size", "expected 8", "found 9"});
}

TEST_CASE("mamba: Nemotron-H has defaults, keys and aliases of its own") {
  const moe::Mamba2Spec usual = nemotron("\"x\": 0");
  CHECK(usual.heads == 128);
  CHECK(usual.head_dim == 64);
  CHECK(usual.groups == 8);
  CHECK(usual.state == 128);
  CHECK(usual.kernel == 4);
  CHECK(usual.convolution_bias);
  CHECK_FALSE(usual.projection_bias);
  CHECK(usual.grouped_norm);
  CHECK(usual.decay_is_log);
  const std::string names[][3] = {{"n_groups", "conv_kernel", "use_conv_bias"},
                                  {"mamba_n_groups", "mamba_d_conv", "mamba_conv_bias"}};
  for (const auto& [groups, kernel, bias] : names) {
    const moe::Mamba2Spec stated = nemotron(
        "\"mamba_num_heads\": 6, \"mamba_head_dim\": 10, \"ssm_state_size\": 12, \"n_group\": 1, \"" +
        groups + "\": 3, \"" + kernel + "\": 3, \"" + bias + "\": false");
    CHECK(stated.heads == 6);
    CHECK(stated.inner_size() == 60);
    CHECK(stated.groups == 3);
    CHECK(stated.state == 12);
    CHECK(stated.kernel == 3);
    CHECK_FALSE(stated.convolution_bias);
  }
  CHECK(nemotron(R"("mamba_proj_bias": true)").projection_bias);
  CHECK(nemotron(R"("use_bias": true)").projection_bias);
}

TEST_CASE("mamba: the width of all heads of Granite is a multiple of the hidden size") {
  const std::string sizes = R"("hidden_size": 64, "mamba_n_heads": 8, "mamba_n_groups": 2)";
  CHECK(granite(sizes).head_dim == 16);
  CHECK(granite(sizes + R"(, "mamba_d_head": "auto")").head_dim == 16);
  CHECK(granite(sizes + R"(, "mamba_d_head": 16)").head_dim == 16);
  CHECK(granite(sizes + R"(, "mamba_expand": 3)").head_dim == 24);
  CHECK(granite(sizes).state == 256);
  CHECK_FALSE(granite(sizes).grouped_norm);
  check_error([&] { return granite(sizes + R"(, "mamba_d_head": 15)"); },
              {"$.mamba_d_head", "128 numbers in all heads", "found 120"});
  check_error([] { return nemotron(R"("mamba_head_dim": "auto")"); },
              {"$.mamba_head_dim", "a number", "a string"});
  check_error([&] { return granite(sizes + R"(, "mamba_d_head": "all")"); },
              {"$.mamba_d_head", "auto", "all"});
  check_error([] { return granite(R"("hidden_size": 65, "mamba_n_heads": 8)"); },
              {"$.mamba_n_heads", "a divisor of 130, the numbers in all heads", "found 8"});
  check_error([] { return granite(R"("hidden_size": 64, "mamba_n_heads": 8, "mamba_n_groups": 3)"); },
              {"$.mamba_n_groups", "a divisor of 8", "found 3"});
}

TEST_CASE("mamba: limits of the time step have several forms, and most of them mean no limits") {
  for (const char* none : {"null", "[0.0, Infinity]", "[0.0, 1e30]", R"([0.0, {"__float__": "Infinity"}])"}) {
    const moe::Mamba2Spec spec = nemotron("\"time_step_limit\": " + std::string(none));
    CHECK(spec.least_step == 0);
    CHECK(spec.largest_step == 0);
  }
  const moe::Mamba2Spec limited = nemotron(R"("time_step_limit": [0.001, 0.5])");
  CHECK(limited.least_step == 0.001f);
  CHECK(limited.largest_step == 0.5f);
  const moe::Mamba2Spec half = nemotron(R"("mamba_dt_limit": [0.25, Infinity])");
  CHECK(half.least_step == 0.25f);
  CHECK(half.largest_step == std::numeric_limits<float>::max());
  for (const char* wrong : {"[0.5]", "[1, 0.5]", "[-1, 1]", "[0, 1, 2]", "[1e+31, 1e+32]"})
    check_error(
        [&] { return nemotron("\"time_step_limit\": " + std::string(wrong)); },
        {"$.time_step_limit", "a limit from 0 to 1e30, and a larger limit, found " + std::string(wrong)});
}

TEST_CASE("mamba: a largest time step that is 0 as an f32 is refused, since 0 means no limits") {
  check_error([] { return nemotron(R"("time_step_limit": [0, 1e-60])"); },
              {"$.time_step_limit", "two f32 numbers", "found [0, 1e-60]"});
}

TEST_CASE(
    "delta net: if all value heads together are wider than 2147483647, the error names a key of "
    "config.json") {
  check_error([] { return delta_net(R"("linear_num_value_heads": 65536, "linear_value_head_dim": 65536)"); },
              {"$.linear_value_head_dim", "at most 2147483647 numbers in all heads", "4294967296"});
}

TEST_CASE(
    "mamba: GGUF files store the decay as -a in place of log(a), and have biases only if the tensors exist") {
  const moe::Mamba2Spec plain = mixer_of<moe::Mamba2Spec>(spec_of(with_blocks(2)));
  CHECK(plain == moe::Mamba2Spec{4, 2, 2, 2, 4, false, false, true, false, 0, 0});
  CHECK_FALSE(mixer_of<moe::Mamba2Spec>(spec_of(with_blocks(1))).grouped_norm);
  SpecCheckpoint biased;
  biased.tensor("blk.0.ssm_conv1d.bias", {16});
  CHECK(mixer_of<moe::Mamba2Spec>(moe::ModelSpec(biased.gguf(with_blocks(2)))).convolution_bias);
  check_error([] { return spec_of(with_blocks(3)); },
              {"nemotron_h.ssm.group_count", "a divisor of 4", "found 3"});
}

TEST_CASE("short convolution: the kernel and the bias come from config.json, or from metadata and tensors") {
  const auto lfm2 = [](const std::string& members) {
    return mixer_of<moe::ShortConvolutionSpec>(
        spec_of(R"("model_type": "lfm2_moe", "num_hidden_layers": 1, "layer_types": ["conv"], )" + members));
  };
  CHECK(lfm2("\"x\": 0") == moe::ShortConvolutionSpec{3, false});
  CHECK(lfm2(R"("conv_L_cache": 5, "conv_bias": true)") == moe::ShortConvolutionSpec{5, true});
  GgufBuilder file = gguf_model("lfm2moe");
  file.array("lfm2moe.attention.head_count_kv", 5, std::vector<std::int32_t>{0, 1});
  check_error([&] { return spec_of(file); }, {"lfm2moe.shortconv.l_cache", "to be there"});
  CHECK(mixer_of<moe::ShortConvolutionSpec>(spec_of(file.value("lfm2moe.shortconv.l_cache", 4u))) ==
        moe::ShortConvolutionSpec{4, false});
}
