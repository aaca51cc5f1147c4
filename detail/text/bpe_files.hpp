// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/json.hpp"
#include "merge_table.hpp"
#include "vocabulary.hpp"

#include <optional>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// {"text": id, ...}: the file vocab.json, and model.vocab of tokenizer.json. `byte_tokens`: receives the byte tokens of a
/// SentencePiece vocabulary; null for a byte-level vocabulary. `names_bytes`: a byte token is decoded as its name.
Vocabulary read_vocabulary(const Json& members, ByteTokens* byte_tokens = nullptr, bool names_bytes = false);

struct MergeText {
  std::string_view left, right;
};

/// "left right"; empty unless there is exactly one space.
std::optional<MergeText> split_merge(std::string_view text);

/// "left right", split at the first space after the first byte; empty if there is no such space. The left token can begin with a
/// space, and the right token can contain spaces. Source: llama-vocab.cpp of llama.cpp.
std::optional<MergeText> split_merge_at_first_space(std::string_view text);

/// Adds the merge; false unless the vocabulary has both tokens and their result.
bool add_merge(MergeTable& merges, const Vocabulary& vocabulary, const MergeText& text);

// For errors: the form that split_merge() and add_merge() expect.
inline constexpr std::string_view merge_form = "two tokens with one space between them";
inline constexpr std::string_view merge_of_tokens = "both tokens and their result in the vocabulary";

/// ["left right", ...] or [["left", "right"], ...]: model.merges of tokenizer.json.
MergeTable read_merges(const Json& elements, const Vocabulary& vocabulary);

/// The file merges.txt, with one merge per line; the first line may be a version. `name` is for errors.
MergeTable read_merges(std::string_view lines, const Vocabulary& vocabulary, std::string_view name);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "bpe_files.ipp"
#endif
