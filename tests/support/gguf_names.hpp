// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>
#include <utility>

/// The name in GGUF files of a tensor of a Qwen3 or Llama checkpoint that belongs to no expert.
inline std::string gguf_name(std::string name) {
  constexpr std::pair<std::string_view, std::string_view> parts[] = {
      {"model.layers.", "blk."},           {"model.embed_tokens", "token_embd"},
      {"model.norm", "output_norm"},       {"lm_head", "output"},
      {"input_layernorm", "attn_norm"},    {"post_attention_layernorm", "ffn_norm"},
      {"self_attn.q_proj", "attn_q"},      {"self_attn.k_proj", "attn_k"},
      {"self_attn.v_proj", "attn_v"},      {"self_attn.o_proj", "attn_output"},
      {"self_attn.q_norm", "attn_q_norm"}, {"self_attn.k_norm", "attn_k_norm"},
      {"mlp.gate_proj", "ffn_gate"},       {"mlp.up_proj", "ffn_up"},
      {"mlp.down_proj", "ffn_down"},       {"mlp.gate.", "ffn_gate_inp."}};
  for (const auto& part : parts)
    if (const std::size_t at = name.find(part.first); at != name.npos)
      name.replace(at, part.first.size(), part.second);
  return name;
}
