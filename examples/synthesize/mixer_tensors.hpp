// SPDX-License-Identifier: MIT
// The tensors of mixers.
#pragma once
#include "declaration.hpp"
#include "shape.hpp"

#include <cmath>
#include <cstdint>
#include <vector>

inline void declare_attention(Declaration& to, const Shape& shape, std::uint32_t layer) {
  const AttentionShape& attention = shape.attention;
  const std::uint64_t hidden = shape.hidden, head_dim = shape.head_dim(layer),
                      queries = attention.heads * head_dim, kv = shape.kv_heads(layer) * head_dim;
  to.matrix("attn_q.weight", attention.output_gate ? 2 * queries : queries, hidden);
  to.matrix("attn_k.weight", kv, hidden);
  if (!attention.value_is_key || shape.mixer(layer) == Mixer::window) to.matrix("attn_v.weight", kv, hidden);
  to.result_matrix("attn_output.weight", hidden, queries);
  if (attention.norms) {
    to.norm("attn_q_norm", head_dim);
    to.norm("attn_k_norm", head_dim);
  }
  if (attention.input_bias) {
    to.constant("attn_q.bias", {queries}, 0);
    to.constant("attn_k.bias", {kv}, 0);
    to.constant("attn_v.bias", {kv}, 0);
  }
  if (attention.output_bias) to.constant("attn_output.bias", {hidden}, 0);
  if (attention.sinks) to.constant("attn_sinks.weight", {attention.heads}, 0);
}

inline void declare_latent_attention(Declaration& to, const Shape& shape) {
  const LatentShape& latent = shape.latent;
  const std::uint64_t hidden = shape.hidden, heads = latent.heads;
  to.matrix("attn_q_a.weight", latent.query_rank, hidden);
  to.norm("attn_q_a_norm", latent.query_rank);
  to.matrix("attn_q_b.weight", heads * (latent.nope_dim + latent.rope_dim), latent.query_rank);
  to.matrix("attn_kv_a_mqa.weight", latent.kv_rank + latent.rope_dim, hidden);
  to.norm("attn_kv_a_norm", latent.kv_rank);
  to.stack("attn_k_b.weight", heads, latent.kv_rank, latent.nope_dim);
  to.stack("attn_v_b.weight", heads, latent.value_dim, latent.kv_rank);
  to.result_matrix("attn_output.weight", hidden, heads * latent.value_dim);
}

/// The decays of heads, spread evenly on a logarithmic scale from −0.01 to almost −1.
inline std::vector<float> decays(std::uint32_t heads) {
  std::vector<float> out;
  for (std::uint32_t head = 0; head < heads; ++head)
    out.push_back(-std::pow(10.0f, -2 + 2 * static_cast<float>(head) / static_cast<float>(heads)));
  return out;
}

/// The taps of a convolution [channels, kernel].
inline void declare_taps(Declaration& to, const char* name, std::uint64_t channels, std::uint64_t kernel,
                         std::uint32_t layer) {
  to.random(name, {channels, kernel}, 0.2f, layer);
}

inline void declare_delta_net(Declaration& to, const Shape& shape, std::uint32_t layer) {
  const DeltaNetShape& net = shape.delta_net;
  const std::uint64_t hidden = shape.hidden, heads = net.value_heads;
  to.matrix("attn_qkv.weight", net.channels(), hidden);
  to.matrix("attn_gate.weight", net.value_size(), hidden);
  if (net.joint) {
    to.matrix("ssm_ba.weight", 2 * heads, hidden);
  } else {
    to.matrix("ssm_beta.weight", heads, hidden);
    to.matrix("ssm_alpha.weight", heads, hidden);
  }
  declare_taps(to, "ssm_conv1d.weight", net.channels(), net.kernel, layer);
  to.constant("ssm_dt.bias", {heads}, 0);
  to.numbers("ssm_a", {heads}, [count = net.value_heads] { return decays(count); });
  to.norm("ssm_norm", net.head_dim);
  to.result_matrix("ssm_out.weight", hidden, net.value_size());
}

inline void declare_mamba(Declaration& to, const Shape& shape, std::uint32_t layer) {
  const MambaShape& mamba = shape.mamba;
  const std::uint64_t hidden = shape.hidden, heads = mamba.heads, groups = mamba.groups,
                      inner = mamba.inner_size();
  to.matrix("ssm_in.weight", inner + mamba.channels() + heads, hidden);
  declare_taps(to, "ssm_conv1d.weight", mamba.channels(), mamba.kernel, layer);
  to.constant("ssm_conv1d.bias", {mamba.channels()}, 0);
  to.constant("ssm_dt.bias", {heads}, 0);
  to.numbers("ssm_a", {heads, 1}, [count = mamba.heads] { return decays(count); });
  to.constant("ssm_d", {heads, 1}, 1);
  to.constant("ssm_norm.weight", {groups, inner / groups}, 1);
  to.result_matrix("ssm_out.weight", hidden, inner);
}

inline void declare_convolution(Declaration& to, const Shape& shape, std::uint32_t layer) {
  const std::uint64_t hidden = shape.hidden;
  to.matrix("shortconv.in_proj.weight", 3 * hidden, hidden);
  declare_taps(to, "shortconv.conv.weight", hidden, shape.convolution_kernel, layer);
  to.result_matrix("shortconv.out_proj.weight", hidden, hidden);
}

inline void declare_mixer(Declaration& to, const Shape& shape, std::uint32_t layer) {
  switch (shape.mixer(layer)) {
    case Mixer::attention:
    case Mixer::window: return declare_attention(to, shape, layer);
    case Mixer::latent: return declare_latent_attention(to, shape);
    case Mixer::delta_net: return declare_delta_net(to, shape, layer);
    case Mixer::mamba2: return declare_mamba(to, shape, layer);
    case Mixer::convolution: return declare_convolution(to, shape, layer);
    case Mixer::none: break;
  }
}
