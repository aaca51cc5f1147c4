// SPDX-License-Identifier: MIT
#pragma once
#include "bpe_files.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../core/token.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE Vocabulary read_vocabulary(const Json& members, ByteTokens* byte_tokens, bool names_bytes) {
  Vocabulary vocabulary(members.as_object().size(),
                        byte_tokens ? Notation::sentence_piece : Notation::byte_level, names_bytes);
  const TokenId largest = Vocabulary::largest_id(members.size());
  for (const Json member : members) {
    const auto id = static_cast<TokenId>(member.as_u64(largest));
    if (vocabulary.contains(id)) member.fail_here("an id that no other token has", concat(id, " again"));
    const int byte = byte_tokens ? byte_of_token(member.key()) : no_byte;
    const bool added = byte == no_byte ? vocabulary.add(id, member.key())
                                       : add_byte_token(vocabulary, *byte_tokens, id, byte);
    if (!added) member.fail_here("one token with this text", "two");
  }
  return vocabulary;
}

MOE_INLINE std::optional<MergeText> split_merge(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == text.npos || text.find(' ', space + 1) != text.npos) return {};
  return MergeText{text.substr(0, space), text.substr(space + 1)};
}

MOE_INLINE std::optional<MergeText> split_merge_at_first_space(std::string_view text) {
  const std::size_t space = text.find(' ', 1);
  if (space == text.npos) return {};
  return MergeText{text.substr(0, space), text.substr(space + 1)};
}

MOE_INLINE bool add_merge(MergeTable& merges, const Vocabulary& vocabulary, const MergeText& text) {
  const auto left = vocabulary.find_text(text.left);
  const auto right = vocabulary.find_text(text.right);
  const auto result = vocabulary.find_text(concat(text.left, text.right));
  if (!left || !right || !result) return false;
  merges.add(*left, *right, *result);
  return true;
}

inline MergeText read_merge(const Json& merge) {
  if (merge.is_string()) {
    const std::optional<MergeText> text = split_merge(merge.as_string());
    if (!text) merge.fail_here(merge_form, concat('"', merge.as_string(), '"'));
    return *text;
  }
  if (merge.as_array().size() != 2) merge.fail_here("two tokens", concat(merge.size(), " elements"));
  const Json left = *merge.begin();
  const Json right = *++merge.begin();
  return {left.as_string(), right.as_string()};
}

MOE_INLINE MergeTable read_merges(const Json& elements, const Vocabulary& vocabulary) {
  MergeTable merges(elements.as_array().size());
  for (const Json merge : elements) {
    const MergeText text = read_merge(merge);
    if (!add_merge(merges, vocabulary, text))
      merge.fail_here(merge_of_tokens, concat('"', text.left, ' ', text.right, '"'));
  }
  return merges;
}

MOE_INLINE MergeTable read_merges(std::string_view lines, const Vocabulary& vocabulary,
                                  std::string_view name) {
  MergeTable merges;
  for (std::size_t number = 1; !lines.empty(); ++number) {
    const std::size_t size = lines.find('\n');
    std::string_view line = lines.substr(0, size);
    lines.remove_prefix(size == lines.npos ? lines.size() : size + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || (number == 1 && line.starts_with("#version"))) continue;
    const std::optional<MergeText> text = split_merge(line);
    const bool good = text && add_merge(merges, vocabulary, *text);
    if (!good)
      fail(name, concat("line ", number), text ? merge_of_tokens : merge_form, concat('"', line, '"'));
  }
  return merges;
}

}  // namespace moe::inline MOE_ABI::detail
