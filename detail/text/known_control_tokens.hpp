#pragma once
#include "../core/config.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// Texts that are control tokens even if a file gives them the type "normal", as some converters do.
/// Source: llama-vocab.cpp of llama.cpp overrides the types of its list of end tokens, and of the tokens that begin a turn.
/// Not </s>, which is plain text for Gemma.
inline constexpr std::string_view known_control_tokens[] = {
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|end|>",
    "<|user|>",
    "<|assistant|>",
    "<|system|>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<|start|>",
    "<|message|>",
    "<|channel|>",
    "<|return|>",
    "<|call|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<｜begin▁of▁sentence｜>",
    "<｜User｜>",
    "<｜Assistant｜>",
    "<｜end▁of▁sentence｜>",
    "<eos>",
    "<|turn>",
    "<turn|>",
    "<|startoftext|>",
    "<|start_of_role|>",
    "<|end_of_role|>",
    "]~!b[",
    "]~b]",
    "[e~[",
    "[EOT]",
    "[EOS]",
    "<EOT>",
    "<end_of_utterance>",
    "<|flush|>",
    "<|calls|>",
    "<|fim_repo|>",
    "<|file_sep|>",
    "<|repo_name|>",
};

inline bool is_known_control(std::string_view text) {
  if (!text.starts_with('<') && !text.starts_with('[') && !text.starts_with(']')) return false;
  return std::find(std::begin(known_control_tokens), std::end(known_control_tokens), text) !=
         std::end(known_control_tokens);
}

}  // namespace moe::inline MOE_ABI::detail
