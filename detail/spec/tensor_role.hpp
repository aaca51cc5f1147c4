// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <cstdint>

namespace moe::inline MOE_ABI::detail {

/// The purpose of a tensor of a model. Shapes are written outermost first; H = hidden size, E = experts, F = width of an expert.
enum class Role : std::uint8_t {
  // Of the model
  embedding,        // [vocabulary, H]
  final_norm,       // [H]
  final_norm_bias,  // [H]
  head,             // [vocabulary, H]
  head_bias,        // [vocabulary]
  rope_divisors,    // [pairs]: divisors of the rope frequencies, in GGUF files
  rope_long,        // [pairs]: divisors of longrope, for long contexts
  rope_short,       // [pairs]: divisors of longrope, for short contexts

  // Norms of a layer. A layer without post norms has only the first norm of each part.
  mixer_norm,           // [H]
  mixer_norm_bias,      // [H]
  post_mixer_norm,      // [H]
  ffn_norm,             // [H]
  ffn_norm_bias,        // [H]
  post_ffn_norm,        // [H]
  post_always_on_norm,  // [H]: of the result of the network that is always on
  experts_norm,         // [H]: before the experts
  post_experts_norm,    // [H]: of the weighted sum of the experts
  layer_scale,          // [1]

  // Attention. D = width of a head
  query,                 // [heads · D, H]; with an output gate [heads · 2 · D, H]
  key,                   // [kv_heads · D, H]
  value,                 // [kv_heads · D, H]
  output,                // [H, heads · D]
  query_bias,            // [rows of query], and so on
  key_bias,              //
  value_bias,            //
  output_bias,           //
  query_key_value,       // query, key and value in one tensor, in this order
  query_key_value_bias,  //
  query_norm,            // [D], or [heads · D]
  key_norm,              // [D], or [kv_heads · D]
  sinks,                 // [heads]

  // Latent attention
  query_down,       // [query_rank, H]
  query_down_norm,  // [query_rank]
  query_up,         // [heads · (nope + rope), query_rank]
  latent_down,      // [kv_rank + rope, H]
  latent_norm,      // [kv_rank]
  key_value_up,     // [heads · (nope + value), kv_rank]: of each head keys, then values
  key_up,           // [heads, kv_rank, nope], transposed
  value_up,         // [heads, value, kv_rank]

  // Delta net, Mamba-2 and short convolution. Hk, Hv = heads of keys and of values
  recurrent_input,        // all projections in one (Mamba-2, short convolution)
  recurrent_input_bias,   // [rows]
  recurrent_output,       // [H, ...]
  recurrent_output_bias,  // [H]
  convolution,            // [channels, kernel]
  convolution_bias,       // [channels]
  delta_qkv,              // [2 · Hk · dk + Hv · dv, H]
  delta_gate,             // [Hv · dv, H]
  delta_qkv_gate,         // qkv and gate in one tensor, grouped by key head
  delta_beta,             // [Hv, H]
  delta_decay,            // [Hv, H]
  delta_beta_decay,       // beta and decay in one tensor, grouped by key head
  step_bias,              // [heads]
  decay,                  // [heads]: log(a) or −a
  skip,                   // [heads]: D of Mamba-2
  recurrent_norm,         // [dv], or [inner] in Mamba-2: the norm beside the gate

  // Feed-forward networks of every token: in dense layers, and beside experts (shared)
  dense_gate,      // [F, H]
  dense_up,        // [F, H]
  dense_down,      // [H, F]
  dense_gate_up,   // [2F, H]
  shared_gate,     // as above
  shared_up,       //
  shared_down,     //
  shared_gate_up,  //
  shared_weight,   // [H]: the gate of the shared network

  // Experts
  router,                  // [E, H]
  router_bias,             // [E]
  selection_bias,          // [E]
  router_scale,            // [H]: of the input of the router
  expert_scale,            // [E]
  latent_in,               // [X, H]: if experts have inputs and results of another width X
  latent_out,              // [H, X]
  expert_gate,             // of one expert: [F, H]; see TensorNames::of_expert
  expert_up,               // [F, H]
  expert_down,             // [H, F]
  experts_gate,            // of all: [E, F, H]
  experts_up,              // [E, F, H]
  experts_down,            // [E, H, F]
  experts_gate_up,         // [E, 2F, H]
  experts_gate_bias,       // [E, F]
  experts_up_bias,         // [E, F]
  experts_down_bias,       // [E, H]
  experts_gate_up_bias,    // [E, 2F]
  experts_gate_up_blocks,  // mxfp4 as Hugging Face stores it: [E, 2F, H / 32, 16]
  experts_gate_up_scales,  // [E, 2F, H / 32]
  experts_down_blocks,     // [E, H, F / 32, 16]
  experts_down_scales,     // [E, H, F / 32]
};

inline constexpr std::size_t role_count = static_cast<std::size_t>(Role::experts_down_scales) + 1;

}  // namespace moe::inline MOE_ABI::detail
