// SPDX-License-Identifier: MIT
#include "detail/spec/tensor_names.hpp"
#include "detail/spec/families.hpp"
#include "detail/spec/model_source.hpp"
#include "support/spec_checkpoint.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

using moe::detail::Family;
using moe::detail::ModelSource;
using moe::detail::Role;
using moe::detail::TensorNames;

namespace {

const Family& family_named(std::string_view name) {
  for (const Family& family : moe::detail::families())
    if (family.model_type == name) return family;
  FAIL("no such family");
  return moe::detail::families()[0];
}

std::string hugging_face_name(std::string_view family, Role role) {
  return TensorNames(SpecCheckpoint().tensor("model.embed_tokens.weight").hugging_face("{}"),
                     family_named(family))
      .of(role, 3);
}

std::string gguf_name_of(std::string_view family, Role role) {
  return TensorNames(SpecCheckpoint().gguf(gguf_model()), family_named(family)).of(role, 3);
}

}  // namespace

TEST_CASE("tensor names: a role has the usual name, or a name of the family") {
  using enum Role;
  for (const auto& row : std::initializer_list<std::tuple<const char*, Role, const char*, const char*>>{
           {"qwen3_moe", embedding, "model.embed_tokens.weight", "token_embd.weight"},
           {"qwen3_moe", final_norm, "model.norm.weight", "output_norm.weight"},
           {"qwen3_moe", head, "lm_head.weight", "output.weight"},
           {"qwen3_moe", query, "model.layers.3.self_attn.q_proj.weight", "blk.3.attn_q.weight"},
           {"qwen3_moe", ffn_norm, "model.layers.3.post_attention_layernorm.weight", "blk.3.ffn_norm.weight"},
           {"qwen3_moe", router, "model.layers.3.mlp.gate.weight", "blk.3.ffn_gate_inp.weight"},
           {"qwen3_moe", experts_down, "model.layers.3.mlp.experts.down_proj", "blk.3.ffn_down_exps.weight"},
           {"mixtral", router, "model.layers.3.block_sparse_moe.gate.weight", "blk.3.ffn_gate_inp.weight"},
           {"minimax_m2", selection_bias, "model.layers.3.block_sparse_moe.e_score_correction_bias",
            "blk.3.exp_probs_b.bias"},
           {"gpt_oss", router_bias, "model.layers.3.mlp.router.bias", "blk.3.ffn_gate_inp.bias"},
           {"gpt_oss", ffn_norm, "model.layers.3.post_attention_layernorm.weight",
            "blk.3.post_attention_norm.weight"},
           {"gpt_oss", sinks, "model.layers.3.self_attn.sinks", "blk.3.attn_sinks.weight"},
           {"gpt_oss", experts_down_bias, "model.layers.3.mlp.experts.down_proj_bias",
            "blk.3.ffn_down_exps.bias"},
           {"gpt_oss", experts_gate_up_blocks, "model.layers.3.mlp.experts.gate_up_proj_blocks", ""},
           {"qwen2_moe", shared_up, "model.layers.3.mlp.shared_expert.up_proj.weight",
            "blk.3.ffn_up_shexp.weight"},
           {"deepseek_v3", shared_up, "model.layers.3.mlp.shared_experts.up_proj.weight",
            "blk.3.ffn_up_shexp.weight"},
           {"deepseek_v3", key_up, "", "blk.3.attn_k_b.weight"},
           {"deepseek_v3", selection_bias, "model.layers.3.mlp.gate.e_score_correction_bias",
            "blk.3.exp_probs_b.bias"},
           {"granitemoe", experts_gate_up, "model.layers.3.block_sparse_moe.input_linear.weight",
            "blk.3.ffn_gate_up_exps.weight"},
           {"granitemoe", shared_gate_up, "model.layers.3.shared_mlp.input_linear.weight", ""},
           {"granitemoehybrid", dense_gate_up, "model.layers.3.shared_mlp.input_linear.weight", ""},
           {"granitemoehybrid", decay, "model.layers.3.mamba.A_log", "blk.3.ssm_a"},
           {"qwen3_next", delta_qkv_gate, "model.layers.3.linear_attn.in_proj_qkvz.weight",
            "blk.3.ssm_in.weight"},
           {"qwen3_next", query_key_value, "", ""},
           {"qwen3_5_moe", delta_qkv, "model.layers.3.linear_attn.in_proj_qkv.weight",
            "blk.3.attn_qkv.weight"},
           {"gemma4", ffn_norm, "model.layers.3.pre_feedforward_layernorm.weight", "blk.3.ffn_norm.weight"},
           {"gemma4", layer_scale, "model.layers.3.layer_scalar", "blk.3.layer_output_scale.weight"},
           {"gemma4", expert_scale, "model.layers.3.router.per_expert_scale", "blk.3.ffn_down_exps.scale"},
           {"lfm2_moe", final_norm, "model.embedding_norm.weight", "token_embd_norm.weight"},
           {"lfm2_moe", recurrent_input, "model.layers.3.conv.in_proj.weight",
            "blk.3.shortconv.in_proj.weight"},
           {"nemotron_h", latent_in, "model.layers.3.mixer.fc1_latent_proj.weight",
            "blk.3.ffn_latent_down.weight"},
           {"nemotron_h", experts_gate, "", ""},
           {"nemotron_h", ffn_norm, "model.layers.3.norm.weight", "blk.3.attn_norm.weight"}}) {
    const auto& family = std::get<0>(row);
    const auto& role = std::get<1>(row);
    const auto& hugging_face = std::get<2>(row);
    const auto& gguf = std::get<3>(row);
    CAPTURE(family);
    CAPTURE(gguf);
    CHECK(hugging_face_name(family, role) == hugging_face);
    CHECK(gguf_name_of(family, role) == gguf);
  }
}

TEST_CASE("tensor names: a matrix of one expert has the number of the expert") {
  const moe::Checkpoint base = SpecCheckpoint().tensor("model.embed_tokens.weight").hugging_face("{}");
  const auto name = [&](const char* family, Role role) {
    return TensorNames(base, family_named(family)).of_expert(role, 3, 12);
  };
  CHECK(name("qwen3_moe", Role::expert_gate) == "model.layers.3.mlp.experts.12.gate_proj.weight");
  CHECK(name("mixtral", Role::expert_up) == "model.layers.3.block_sparse_moe.experts.12.w3.weight");
  CHECK(name("lfm2_moe", Role::expert_down) == "model.layers.3.feed_forward.experts.12.w2.weight");
  CHECK(name("nemotron_h", Role::expert_up) == "model.layers.3.mixer.experts.12.up_proj.weight");
  CHECK(name("nemotron_h", Role::expert_gate).empty());
  const TensorNames gguf(SpecCheckpoint().gguf(gguf_model()), family_named("mixtral"));
  CHECK(gguf.of_expert(Role::expert_down, 3, 12) == "blk.3.ffn_down.12.weight");
}

TEST_CASE("tensor names: the embedding decides about the prefix, and the head may have another prefix") {
  for (const auto& row : std::initializer_list<std::pair<const char*, const char*>>{
           {"model.", "lm_head.weight"},
           {"", "lm_head.weight"},
           {"model.language_model.", "lm_head.weight"},
           {"thinker.model.", "thinker.lm_head.weight"},
           {"language_model.model.", "language_model.lm_head.weight"}}) {
    const auto& prefix = std::get<0>(row);
    const auto& head = std::get<1>(row);
    CAPTURE(prefix);
    const TensorNames names(
        SpecCheckpoint().tensor(prefix + std::string("embed_tokens.weight")).hugging_face("{}"),
        family_named("qwen3_moe"));
    CHECK(names.prefix() == prefix);
    CHECK(names.layer_prefix(7) == prefix + std::string("layers.7."));
    CHECK(names.of(Role::head) == head);
  }
  const TensorNames nemotron(SpecCheckpoint().tensor("backbone.embeddings.weight").hugging_face("{}"),
                             family_named("nemotron_h"));
  CHECK(nemotron.of(Role::final_norm) == "backbone.norm_f.weight");
}

TEST_CASE("tensor names: without an embedding, the layers decide about the prefix") {
  const TensorNames names(SpecCheckpoint().tensor("thinker.model.layers.2.x").hugging_face("{}"),
                          family_named("qwen3_moe"));
  CHECK(names.prefix() == "thinker.model.");
  CHECK(TensorNames(SpecCheckpoint().hugging_face("{}"), family_named("qwen3_moe")).prefix() == "model.");
}

TEST_CASE("tensor names: of several names of a role, the name of an existing tensor counts") {
  const TensorNames names(SpecCheckpoint()
                              .tensor("model.embed_tokens.weight")
                              .tensor("model.layers.1.mlp.gate.weight")
                              .hugging_face("{}"),
                          family_named("mixtral"));
  CHECK(names.of(Role::router, 0) == "model.layers.0.block_sparse_moe.gate.weight");
  CHECK(names.of(Role::router, 1) == "model.layers.1.mlp.gate.weight");
  CHECK(names.find(Role::router, 1));
  CHECK_FALSE(names.find(Role::router, 0));
  const TensorNames lfm2(SpecCheckpoint().tensor("output_norm.weight").gguf(gguf_model()),
                         family_named("lfm2_moe"));
  CHECK(lfm2.of(Role::final_norm) == "output_norm.weight");
  CHECK(names.patterns(Role::router).size() == 3);
}

TEST_CASE("tensor names: the experts of Granite may have the names that transformers has in memory") {
  const TensorNames names(SpecCheckpoint()
                              .tensor("model.embed_tokens.weight")
                              .tensor("model.layers.0.block_sparse_moe.router.weight")
                              .tensor("model.layers.0.block_sparse_moe.experts.gate_up_proj")
                              .tensor("model.layers.0.block_sparse_moe.experts.down_proj")
                              .hugging_face("{}"),
                          family_named("granitemoehybrid"));
  for (const Role role : {Role::router, Role::experts_gate_up, Role::experts_down})
    CHECK(names.find(role, 0));
  CHECK(names.of(Role::router, 1) == "model.layers.1.block_sparse_moe.router.layer.weight");
}

TEST_CASE("families: each name belongs to one family, or to one with and one without experts") {
  std::set<std::string_view> types;
  std::set<std::pair<std::string_view, bool>> architectures;
  for (const Family& family : moe::detail::families()) {
    CAPTURE(family.model_type);
    CHECK(types.insert(family.model_type).second);
    for (const std::string_view other : family.other_types)
      if (!other.empty()) CHECK(types.insert(other).second);
    for (const std::string_view architecture : family.architectures)
      if (!architecture.empty()) CHECK(architectures.insert({architecture, family.has_experts()}).second);
    CHECK(family.defaults);
  }
}
