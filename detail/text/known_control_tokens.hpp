// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// Control tokens that end a text in every model that has them, whatever type a file gives them. GGUF files name one to three end
/// tokens, fewer than the generation_config.json of the same model. Source: llama-vocab.cpp of llama.cpp, which overrides the
/// types of these tokens. Two tokens are left out: <|tool_response>, because programs show it (see end_before_tool_result), and
/// </s>, because it is a control token only in SentencePiece vocabularies without <|tool_response>.
inline constexpr std::string_view end_tokens_of_any_type[] = {
    "<|eot_id|>",
    "<|im_end|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<｜end▁of▁sentence｜>",
    "<end_of_utterance>",
    "<|eom_id|>",
    "<|return|>",
    "<|call|>",
    "<|flush|>",
    "<|calls|>",
    "<eos>",
    "<turn|>",
    "[e~[",
};

/// Tokens that end a text in every model in which they are control tokens, except for <|end|> in two formats (find_end_tokens).
inline constexpr std::string_view end_tokens_of_control_type[] = {
    "<|end|>",
    "</s>",
};

/// Tokens for filling in the middle, which are control tokens whatever type a file gives them. Source: llama-vocab.cpp.
inline constexpr std::string_view middle_tokens_of_any_type[] = {
    "<|fim_prefix|>", "<fim-prefix>",    "<fim_prefix>",    "<｜fim▁begin｜>", "<PRE>",
    "▁<PRE>",         "<|code_prefix|>", "<|prefix|>",      "<|fim_suffix|>",  "<fim-suffix>",
    "<fim_suffix>",   "<｜fim▁hole｜>",  "<SUF>",           "▁<SUF>",          "<|code_suffix|>",
    "<|suffix|>",     "<|fim_middle|>",  "<fim-middle>",    "<fim_middle>",    "<｜fim▁end｜>",
    "<MID>",          "▁<MID>",          "<|code_middle|>", "<|middle|>",      "<|fim_pad|>",
    "<fim-pad>",      "<fim_pad>",       "<PAD>",           "[PAD]",           "<|fim_repo|>",
    "<|repo_name|>",  "<fim-repo>",      "<REPO>",          "<reponame>",      "<|file_sep|>",
};

/// Texts that are control tokens if a file gives them the type "normal", as some converters do: tokens that begin a turn, and
/// tokens that end a text in some model families only.
inline constexpr std::string_view control_tokens_of_type_normal[] = {
    "<|im_start|>",
    "<|begin_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|end|>",
    "<|user|>",
    "<|assistant|>",
    "<|system|>",
    "<start_of_turn>",
    "<|start|>",
    "<|message|>",
    "<|channel|>",
    "<|constrain|>",
    "<｜begin▁of▁sentence｜>",
    "<｜User｜>",
    "<｜Assistant｜>",
    "<|turn>",
    "<|startoftext|>",
    "<|start_of_role|>",
    "<|end_of_role|>",
    "]~!b[",
    "]~b]",
};

/// A token that ends a text, although it is no control token: after it, the program that called the model writes the result of a
/// tool. Files of Gemma 4 give this token the type "user-defined", so that programs show it.
inline constexpr std::string_view end_before_tool_result = "<|tool_response>";

/// Whether a token is a control token although the file gives it another type. `normal`: the type is "normal".
inline bool is_known_control(std::string_view text, bool normal) {
  const auto has = [&](const auto& list) {
    return std::find(std::begin(list), std::end(list), text) != std::end(list);
  };
  // A fast test that every text in the lists passes, because this function is called for every token of a vocabulary.
  if (text.size() < 4 || text.find_first_of(">[]") == text.npos) return false;
  return has(end_tokens_of_any_type) || has(middle_tokens_of_any_type) ||
         (normal && has(control_tokens_of_type_normal));
}

}  // namespace moe::inline MOE_ABI::detail
