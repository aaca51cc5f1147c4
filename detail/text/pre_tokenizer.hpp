// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// A pre-tokenizer: a regular expression that cuts texts into pieces, and a function written by hand that does the same. Each
/// piece becomes tokens by itself.
struct SplitPattern {
  std::string_view regex;  // or several, one per line; each line cuts the pieces of the line before

  /// The size in bytes, not 0, of the first piece of a text that is not empty. An invalid byte of UTF-8 is a character that no
  /// class such as \p{P} contains, but every complement such as [^\s\p{L}\p{N}].
  std::size_t (*first_piece)(std::string_view text);
};

std::size_t qwen2_piece(std::string_view text);
std::size_t llama3_piece(std::string_view text);
std::size_t qwen35_piece(std::string_view text);
std::size_t gpt2_piece(std::string_view text);
std::size_t starcoder_piece(std::string_view text);
std::size_t o200k_piece(std::string_view text);
std::size_t tekken_piece(std::string_view text);
std::size_t deepseek_v3_piece(std::string_view text);

/// Qwen2, Qwen2.5, Qwen3.
inline constexpr SplitPattern qwen2_pattern = {
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
    R"(\s*[\r\n]+|\s+(?!\S)|\s+)",
    qwen2_piece};

/// Llama 3 and others.
inline constexpr SplitPattern llama3_pattern = {
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
    R"(\s*[\r\n]+|\s+(?!\S)|\s+)",
    llama3_piece};

/// Bailing (Ling): another form of Qwen2's pattern with the same matches. The possessive quantifiers exclude no match, and
/// `\s*[\r\n]` ends after the last line break as `\s*[\r\n]+` does.
inline constexpr SplitPattern bailing_pattern = {
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|)"
    R"(\s+(?!\S)|\s+)",
    qwen2_piece};

/// cl100k, the pattern of GPT-4: another form of Llama 3's pattern with the same matches. The two patterns differ as Bailing's
/// pattern differs from Qwen2's.
inline constexpr SplitPattern cl100k_pattern = {
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|)"
    R"(\s+(?!\S)|\s+)",
    llama3_piece};

/// Qwen3.5.
inline constexpr SplitPattern qwen35_pattern = {
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|)"
    R"(\s*[\r\n]+|\s+(?!\S)|\s+)",
    qwen35_piece};

/// GPT-2.
inline constexpr SplitPattern gpt2_pattern = {
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", gpt2_piece};

/// StarCoder, Granite 3, Command R: each character of \p{N} alone, then GPT-2's pattern.
inline constexpr SplitPattern starcoder_pattern = {
    "\\p{N}\n"
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
    starcoder_piece};

/// o200k: gpt-4o, gpt-oss.
inline constexpr SplitPattern o200k_pattern = {
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
    o200k_piece};

/// Tekken, of Mistral: o200k without contractions, and with each character of \p{N} alone.
inline constexpr SplitPattern tekken_pattern = {
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|)"
    R"(\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
    tekken_piece};

/// DeepSeek-V3.
inline constexpr SplitPattern deepseek_v3_pattern = {
    "\\p{N}{1,3}\n"
    "[一-龥぀-ゟ゠-ヿ]+\n"
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|)"
    R"( ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
    deepseek_v3_piece};

/// The pattern with exactly this regular expression; null if there is none.
const SplitPattern* find_split_pattern(std::string_view regex);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "pre_tokenizer.ipp"
#endif
