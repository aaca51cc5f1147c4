// SPDX-License-Identifier: MIT
#include "detail/spec/known_tensors.hpp"
#include "detail/spec/model_spec.hpp"
#include "support/message_of.hpp"
#include "support/spec_checkpoint.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

using moe::detail::Role;

namespace {

/// The description of a model with one layer. Its checkpoint has the embedding and the tensor `name`.
moe::ModelSpec with_tensor(const std::string& name, const std::string& model_type = "qwen3_moe") {
  SpecCheckpoint checkpoint;
  checkpoint.tensor("model.embed_tokens.weight").tensor(name);
  return moe::ModelSpec(
      checkpoint.hugging_face("{\"model_type\": \"" + model_type + "\", \"num_hidden_layers\": 1}"));
}

moe::ModelSpec with_gguf_tensor(const std::string& name) {
  return moe::ModelSpec(SpecCheckpoint().tensor(name, {4}).gguf(gguf_model()));
}

}  // namespace

TEST_CASE("known tensors: a tensor without a role, in a layer or outside of layers, is refused by name") {
  for (const std::string name :
       {"model.layers.0.self_attn.q_proj.bias", "model.layers.0.self_attn.sinks",
        "model.layers.0.mlp.gate.bias", "model.layers.0.mlp.shared_expert.up_proj.weight",
        "model.layers.0.mlp.experts.x.up_proj.weight", "model.layers.0.input_layernorm.bias",
        "model.layers.0.indexer.wq.weight", "model.layers.0.something", "model.norm.bias",
        "model.embed_norm.weight", "lm_head.bias"}) {
    CAPTURE(name);
    check_error([&] { return with_tensor(name); }, {"model.safetensors: tensor \"" + name + "\"",
                                                    "only tensors that the library knows", "qwen3_moe"});
  }
}

TEST_CASE(
    "known tensors: tensors with a role, and tensors of other models, draft layers and tables are accepted") {
  for (const std::string name :
       {"model.layers.0.self_attn.rotary_emb.inv_freq", "model.layers.1.eh_proj.weight",
        "mtp.layers.0.fc.weight", "model.mtp.layers.0.fc.weight", "model.visual.blocks.0.attn.qkv.weight",
        "model.vision_tower.std_bias", "model.embed_audio.x", "talker.model.layers.0.x", "code2wav.y",
        "model.layers.0.self_attn.q_proj.input_max", "model.layers.0.mlp.experts.17.up_proj.weight",
        "model.layers.0.mlp.experts.gate_up_proj", "model.layers.0.self_attn.qkv_proj.weight"}) {
    CAPTURE(name);
    CHECK(with_tensor(name).layers.size() == 1);
  }
}

TEST_CASE("known tensors: the scales of an FP8 matrix are accepted if the matrix has a role") {
  SpecCheckpoint checkpoint;
  checkpoint.tensor("model.embed_tokens.weight")
      .tensor("model.layers.0.mlp.experts.0.up_proj.weight_scale_inv");
  const std::string config = R"({"model_type": "qwen3_moe", "num_hidden_layers": 1,
      "quantization_config": {"quant_method": "fp8", "weight_block_size": [8, 8]}})";
  CHECK(moe::ModelSpec(checkpoint.hugging_face(config)).layers.size() == 1);
  checkpoint.tensor("model.layers.0.odd.weight_scale_inv");
  check_error([&] { return moe::ModelSpec(checkpoint.hugging_face(config)); }, {"odd.weight_scale_inv"});
}

TEST_CASE("known tensors: unknown tensors of GGUF files are refused by name") {
  for (const std::string name :
       {"blk.0.ffn_gate.bias", "blk.1.ffn_down.bias", "blk.1.attn_norm.bias", "blk.0.ffn_gate_inp.bias",
        "blk.0.exp_probs_b.bias", "blk.0.attn_sinks.weight", "blk.0.ffn_down_exps.bias",
        "blk.0.ffn_gate_shexp.weight", "blk.0.attn_q.scale", "blk.0.ffn_gate_exps.scale",
        "blk.0.attn_q_a.weight", "output.bias", "output_norm.bias", "token_embd_norm.weight",
        "blk.x.attn_q.weight", "blk.0.inp_gate.weight", "per_layer_proj_norm.weight"}) {
    CAPTURE(name);
    check_error([&] { return with_gguf_tensor(name); },
                {"x.gguf: tensor \"" + name + "\"", "only tensors that the library knows"});
  }
}

TEST_CASE(
    "known tensors: of GGUF files, biases with a role, draft layers, tables and unknown parts are accepted") {
  for (const std::string name : {"blk.0.nextn.eh_proj.weight", "blk.0.attn_rot_embd", "other.weight",
                                 "blk.0.attn_q.bias", "blk.7.odd"}) {
    CAPTURE(name);
    CHECK(with_gguf_tensor(name).layers.size() == 2);
  }
}

TEST_CASE(
    "known tensors: for scales of NVFP4 weights in a GGUF file, the error names the type of the weights") {
  constexpr std::uint32_t nvfp4 = 40;
  for (const std::string end : {".scale", ".input_scale"}) {
    GgufBuilder file = gguf_model();
    file.tensor("blk.0.attn_q.weight", {64}, nvfp4, std::string(36, 'x'));
    add_tensor(file, "blk.0.attn_q" + end, {1});
    check_error([&] { return moe::ModelSpec(SpecCheckpoint().gguf(file)); },
                {"x.gguf: tensor \"blk.0.attn_q.weight\"", "found NVFP4"});
  }
}

TEST_CASE("known tensors: a layer has only the roles of its mixer and of its feed-forward network") {
  const auto has = [](const std::vector<Role>& roles, Role role) {
    return std::find(roles.begin(), roles.end(), role) != roles.end();
  };
  const moe::ModelSpec model =
      spec_of(R"("model_type": "nemotron_h", "hybrid_override_pattern": "ME", "moe_latent_size": 8)");
  const std::vector<Role> mamba = moe::detail::roles_of(model, model.layers[0]);
  CHECK(has(mamba, Role::skip));
  CHECK(has(mamba, Role::mixer_norm));
  CHECK_FALSE(has(mamba, Role::ffn_norm));
  const std::vector<Role> experts = moe::detail::roles_of(model, model.layers[1]);
  CHECK(has(experts, Role::ffn_norm));
  CHECK(has(experts, Role::expert_up));
  CHECK(has(experts, Role::latent_in));
  CHECK_FALSE(has(experts, Role::expert_gate));
  CHECK_FALSE(has(experts, Role::mixer_norm));
}
