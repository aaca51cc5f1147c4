// SPDX-License-Identifier: MIT
// The tensors of the feed-forward networks of a layer, and the norms of the layer.
#pragma once
#include "declaration.hpp"
#include "shape.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

/// A network that every token uses. suffix: stands before `.weight` in the tensor names, such as `_shexp`.
inline void declare_network(Declaration& to, const Shape& shape, std::uint64_t width,
                            const std::string& suffix) {
  const std::uint64_t hidden = shape.hidden;
  if (shape.experts.gated) to.matrix("ffn_gate" + suffix + ".weight", width, hidden);
  to.matrix("ffn_up" + suffix + ".weight", width, hidden);
  to.result_matrix("ffn_down" + suffix + ".weight", hidden, width);
}

/// matrix: makes the router [experts, hidden].
inline void declare_router(Declaration& to, const Shape& shape, std::function<std::vector<float>()> matrix) {
  const std::uint64_t hidden = shape.hidden, experts = shape.experts.count;
  to.numbers("ffn_gate_inp.weight", {experts, hidden}, std::move(matrix));
  if (shape.router.bias) to.constant("ffn_gate_inp.bias", {experts}, 0);
  if (shape.router.score == RouterShape::Score::sigmoid) to.constant("exp_probs_b.bias", {experts}, 0);
  if (!shape.router.own_norm) return;
  to.constant("ffn_gate_inp.scale", {hidden}, 1);
  to.constant("ffn_down_exps.scale", {experts}, 1);
}

/// Declares the tensors of one expert, or merged tensors: one tensor for each matrix and each bias, with the numbers of all
/// experts of a layer. infix: stands between the name of a part and `.weight` or `.bias`. count: the number of experts, the
/// first dimension of each merged tensor; empty for one expert.
inline void declare_expert_parts(Declaration& to, const Shape& shape, const std::string& infix,
                                 const std::vector<std::uint64_t>& count) {
  const auto sizes = [&](std::initializer_list<std::uint64_t> own) {
    std::vector<std::uint64_t> out = count;
    out.insert(out.end(), own);
    return out;
  };
  const std::uint64_t hidden = shape.hidden, width = shape.experts.width;
  const bool gated = shape.experts.gated;
  if (gated) to.expert_matrix("ffn_gate" + infix + ".weight", sizes({width, hidden}));
  to.expert_matrix("ffn_up" + infix + ".weight", sizes({width, hidden}));
  to.expert_result_matrix("ffn_down" + infix + ".weight", sizes({hidden, width}));
  if (!shape.experts.biases) return;
  if (gated) to.constant("ffn_gate" + infix + ".bias", sizes({width}), 0);
  to.constant("ffn_up" + infix + ".bias", sizes({width}), 0);
  to.constant("ffn_down" + infix + ".bias", sizes({hidden}), 0);
}

/// merged: one tensor per part holds all experts of a layer, as in most GGUF files.
inline void declare_experts(Declaration& to, const Shape& shape, bool merged) {
  if (merged) return declare_expert_parts(to, shape, "_exps", {shape.experts.count});
  for (std::uint32_t expert = 0; expert < shape.experts.count; ++expert)
    declare_expert_parts(to, shape, '.' + std::to_string(expert), {});
}

/// The networks of a layer beside its experts.
inline void declare_networks(Declaration& to, const Shape& shape, std::uint32_t layer) {
  if (shape.has_dense_network(layer)) declare_network(to, shape, shape.dense_width, "");
  if (!shape.has_experts(layer) || shape.shared.width == 0) return;
  declare_network(to, shape, shape.shared.width, "_shexp");
  if (shape.shared.gate)
    to.random("ffn_gate_inp_shexp.weight", {shape.hidden}, WeightSources::deviation, layer);
}

inline void declare_norms(Declaration& to, const Shape& shape, std::uint32_t layer) {
  const std::uint64_t hidden = shape.hidden;
  to.norm("attn_norm", hidden);
  if (!shape.blocks) to.norm(std::string(shape.ffn_norm), hidden);
  if (!shape.post_norms) return;
  to.norm("post_attention_norm", hidden);
  to.norm("post_ffw_norm", hidden);
  to.constant("layer_output_scale.weight", {1}, 1);
  if (!shape.has_experts(layer)) return;
  for (const char* name : {"post_ffw_norm_1", "pre_ffw_norm_2", "post_ffw_norm_2"}) to.norm(name, hidden);
}
