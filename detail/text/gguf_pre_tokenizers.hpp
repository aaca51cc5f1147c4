// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "gguf_regexes.hpp"
#include "pre_tokenizer.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// The meaning of a name in tokenizer.ggml.pre.
struct GgufPreTokenizer {
  std::string_view name;
  const SplitPattern* pattern;    // null: see regexes
  bool nfc = false;               // GGUF files do not store this flag
  bool ignore_merges = false;     // GGUF files do not store this flag
  bool add_bos = false;           // the default for tokenizer.ggml.add_bos_token
  std::string_view regexes = {};  // one per line, for isolating_steps()
};

/// The names of byte-level vocabularies. The token that some embedding models need between two texts is not here, since a
/// Tokenizer encodes one text. Source: the patterns, ignore_merges and add_bos are from llama-vocab.cpp of llama.cpp, which never
/// normalizes; nfc is from the tokenizers of Hugging Face that such files are made from.
inline constexpr auto gguf_pre_tokenizers = std::to_array<GgufPreTokenizer>({
    {"qwen2", &qwen2_pattern, true},
    {"deepseek-r1-qwen", &qwen2_pattern},
    {"megrez", &qwen2_pattern},
    {"kormo", &qwen2_pattern},
    {"f2llmv2", &qwen2_pattern},
    {"stablelm2", &qwen2_pattern},
    {"hunyuan", &qwen2_pattern, true},
    {"solar-open", &qwen2_pattern},
    {"grok-2", &qwen2_pattern},
    {"bailingmoe", &bailing_pattern},
    {"bailingmoe2", &bailing_pattern},
    {"llada-moe", &bailing_pattern},
    {"qwen35", &qwen35_pattern, true},
    {"llama-bpe", &llama3_pattern, false, true, true},
    {"llama3", &llama3_pattern, false, true, true},
    {"llama-v3", &llama3_pattern, false, true, true},
    {"falcon3", &llama3_pattern, false, true, true},
    {"falcon-h1", &llama3_pattern, false, true, true},
    {"pixtral", &llama3_pattern, false, true, true},
    {"midm-2.0", &llama3_pattern, false, true, true},
    {"lfm2", &llama3_pattern, false, true, true},
    {"jina-v5-nano", &llama3_pattern, false, true, true},
    {"dbrx", &llama3_pattern},
    {"smaug-bpe", &llama3_pattern},
    {"chatglm-bpe", &llama3_pattern},
    {"glm4", &llama3_pattern},
    {"gpt-2", &gpt2_pattern},
    {"phi-2", &gpt2_pattern},
    {"mpt", &gpt2_pattern, true},
    {"olmo", &gpt2_pattern, true},
    {"jais", &gpt2_pattern},
    {"trillion", &gpt2_pattern},
    {"granite-docling", &gpt2_pattern},
    {"exaone4", &gpt2_pattern},
    {"gigachat", &gpt2_pattern},
    {"a.x-4.0", &gpt2_pattern},
    {"mellum", &gpt2_pattern},
    {"jina-es", &gpt2_pattern},
    {"jina-de", &gpt2_pattern},
    {"jina-v1-en", &gpt2_pattern},
    {"jina-v2-es", &gpt2_pattern},
    {"jina-v2-de", &gpt2_pattern},
    {"jina-v2-code", &gpt2_pattern},
    {"modern-bert", &gpt2_pattern},
    {"roberta-bpe", &gpt2_pattern},
    {"starcoder", &starcoder_pattern},
    {"refact", &starcoder_pattern},
    {"command-r", &starcoder_pattern, true},
    {"smollm", &starcoder_pattern},
    {"codeshell", &starcoder_pattern},
    {"exaone", &starcoder_pattern},
    {"minerva-7b", &starcoder_pattern},
    {"mellum2", &starcoder_pattern},
    {"gpt-4o", &o200k_pattern},
    {"llama4", &o200k_pattern},
    {"kanana2", &o200k_pattern},
    {"talkie", &o200k_pattern},
    {"minimax-m2", &o200k_pattern},
    {"granite-embed-multi-97m", &o200k_pattern, false, true},
    {"tekken", &tekken_pattern, false, true, true},
    {"deepseek-v3", &deepseek_v3_pattern},
    {"hunyuan-dense", &deepseek_v3_pattern},
    {"joyai-llm", &deepseek_v3_pattern},
    {"hy_v4", &deepseek_v3_pattern},
    {.name = "default", .pattern = nullptr, .regexes = default_regexes},
    {.name = "falcon", .pattern = nullptr, .regexes = falcon_regexes},
    {.name = "deepseek-llm", .pattern = nullptr, .regexes = deepseek_llm_regexes},
    {.name = "deepseek-coder", .pattern = nullptr, .regexes = deepseek_coder_regexes},
    {.name = "jais-2", .pattern = nullptr, .regexes = jais2_regexes},
    {.name = "spark2_5", .pattern = nullptr, .regexes = spark_regexes},
    {.name = "youtu", .pattern = nullptr, .ignore_merges = true, .regexes = youtu_regexes},
    {.name = "bloom", .pattern = nullptr, .regexes = bloom_regexes},
    {.name = "poro-chat", .pattern = nullptr, .regexes = bloom_regexes},
    {.name = "gpt3-finnish", .pattern = nullptr, .regexes = bloom_regexes},
    {.name = "viking", .pattern = nullptr, .regexes = viking_regexes},
    {.name = "chameleon", .pattern = nullptr, .add_bos = true, .regexes = chameleon_regexes},
    {.name = "tiny_aya", .pattern = nullptr, .regexes = tiny_aya_regexes},
    {.name = "cohere2moe", .pattern = nullptr, .regexes = tiny_aya_regexes},
    {.name = "kimi-k2", .pattern = nullptr, .regexes = kimi_k2_regexes},
    {.name = "superbpe", .pattern = nullptr, .regexes = superbpe_regexes},
    {.name = "seed-coder", .pattern = nullptr, .regexes = seed_coder_regexes},
    {.name = "ufakzeka", .pattern = nullptr, .regexes = ufakzeka_regexes},
    {.name = "afmoe", .pattern = nullptr, .regexes = afmoe_regexes},
    {.name = "laguna", .pattern = nullptr, .regexes = laguna_regexes},
    {.name = "exaone-moe", .pattern = nullptr, .regexes = exaone_moe_regexes},
    {.name = "minicpm5", .pattern = nullptr, .ignore_merges = true, .regexes = minicpm5_regexes},
});

/// Whether vocabularies with this name write spaces as ▁ and list merges, as the model gemma4 does, although
/// tokenizer.ggml.model is gpt2.
inline bool is_gemma4_like(std::string_view name) {
  return name == "gemma4" || name == "sarvam-moe" || name == "granite-embed-multi-311m";
}

/// Null for an unknown name.
inline const GgufPreTokenizer* find_gguf_pre_tokenizer(std::string_view name) {
  const auto found = std::find_if(gguf_pre_tokenizers.begin(), gguf_pre_tokenizers.end(),
                                  [&](const GgufPreTokenizer& known) { return known.name == name; });
  return found == gguf_pre_tokenizers.end() ? nullptr : &*found;
}

}  // namespace moe::inline MOE_ABI::detail
