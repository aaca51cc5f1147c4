// SPDX-License-Identifier: MIT
#pragma once
#include "support/gguf_builder.hpp"
#include "support/tiny_tokenizer.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

/// A GGUF model of one layer that adds nothing: the next token depends on the last token alone. The vocabulary contains all
/// bytes and, from id 256 on, the tokens of `control`.
struct SuccessorModel {
  std::vector<std::string> control = {"<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"};
  std::map<std::uint32_t, std::uint32_t> next = {};  // the token 0 follows each token that is no key
  std::uint32_t end = 256;                           // tokenizer.ggml.eos_token_id
  std::string chat_template = {};
  std::int32_t control_type = 3;  // in tokenizer.ggml.token_type

  static constexpr std::uint64_t hidden = 288, width = 32;  // hidden: at least one number per token

  /// Each byte of the text, and then the token `last`, follows the token before it. `first`: the token before the text.
  SuccessorModel& say(std::uint32_t first, const std::string& text, std::uint32_t last) {
    for (const char byte : text) {
      next[first] = static_cast<unsigned char>(byte);
      first = static_cast<unsigned char>(byte);
    }
    next[first] = last;
    return *this;
  }

  std::string file() const {
    GgufBuilder file;
    file.value("general.architecture", "qwen3").value("qwen3.block_count", 1u);
    file.value("qwen3.context_length", 512u)
        .value("qwen3.embedding_length", static_cast<std::uint32_t>(hidden));
    file.value("qwen3.feed_forward_length", static_cast<std::uint32_t>(width));
    file.value("qwen3.attention.head_count", 1u).value("qwen3.attention.head_count_kv", 1u);
    file.value("qwen3.attention.key_length", static_cast<std::uint32_t>(width));
    file.value("qwen3.attention.value_length", static_cast<std::uint32_t>(width));
    file.value("qwen3.attention.layer_norm_rms_epsilon", 1e-6f);
    add_tokenizer(file);
    add_weights(file);
    return file.file();
  }

 private:
  void add_tokenizer(GgufBuilder& file) const {
    std::vector<std::string> tokens;
    for (int byte = 0; byte < 256; ++byte)
      tokens.push_back(in_byte_alphabet(std::string(1, static_cast<char>(byte))));
    tokens.insert(tokens.end(), control.begin(), control.end());
    std::vector<std::int32_t> types(256, 1);
    types.resize(tokens.size(), control_type);
    file.value("tokenizer.ggml.model", "gpt2").value("tokenizer.ggml.pre", "qwen2");
    file.array("tokenizer.ggml.tokens", tokens).array("tokenizer.ggml.token_type", 5, types);
    file.array("tokenizer.ggml.merges", std::vector<std::string>());
    file.value("tokenizer.ggml.eos_token_id", end);
    if (!chat_template.empty()) file.value("tokenizer.chat_template", chat_template);
  }

  /// The embedding of token i is the i-th unit vector, and the head maps it to the token after i.
  void add_weights(GgufBuilder& file) const {
    const std::uint64_t count = 256 + control.size();
    const auto add = [&](const std::string& name, const std::vector<std::uint64_t>& sizes, auto number) {
      std::string bytes;
      const std::uint64_t columns = sizes[0], rows = sizes.size() > 1 ? sizes[1] : 1;
      for (std::uint64_t row = 0; row < rows; ++row)
        for (std::uint64_t column = 0; column < columns; ++column)
          bytes += GgufBuilder::bytes_of(static_cast<float>(number(row, column)));
      file.tensor(name, sizes, 0, bytes);
    };
    const auto zero = [](std::uint64_t, std::uint64_t) { return 0; };
    const auto one = [](std::uint64_t, std::uint64_t) { return 1; };
    const auto successor = [&](std::uint64_t id) {
      const auto found = next.find(static_cast<std::uint32_t>(id));
      return found == next.end() ? std::uint64_t{0} : std::uint64_t{found->second};
    };
    add("token_embd.weight", {hidden, count}, [](std::uint64_t id, std::uint64_t i) { return i == id; });
    add("output.weight", {hidden, count},
        [&](std::uint64_t id, std::uint64_t i) { return i < count && successor(i) == id; });
    add("output_norm.weight", {hidden}, one);
    add("blk.0.attn_norm.weight", {hidden}, one);
    add("blk.0.ffn_norm.weight", {hidden}, one);
    add("blk.0.attn_q_norm.weight", {width}, one);
    add("blk.0.attn_k_norm.weight", {width}, one);
    for (const char* const name : {"attn_q", "attn_k", "attn_v", "ffn_gate", "ffn_up"})
      add(std::string("blk.0.") + name + ".weight", {hidden, width}, zero);
    for (const char* const name : {"attn_output", "ffn_down"})
      add(std::string("blk.0.") + name + ".weight", {width, hidden}, zero);
  }
};

/// ChatML that shows the reasoning of the last message only.
inline const std::string chatml_template =
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.reasoning_content and loop.last %}<think>\n{{ m.reasoning_content }}\n</think>\n\n{% endif %}"
    "{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
