#pragma once
#include "added_tokens.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE AddedTokenMatcher::AddedTokenMatcher(std::vector<AddedToken> tokens) {
  std::ranges::sort(tokens, [](const AddedToken& a, const AddedToken& b) {
    return a.content != b.content ? a.content < b.content : a.id < b.id;
  });
  for (AddedToken& token : tokens) {
    if (!tokens_.empty() && tokens_.back().content == token.content) continue;
    begins_[static_cast<unsigned char>(token.content.front())] = true;
    tokens_.push_back(std::move(token));
  }
}

MOE_INLINE const AddedToken* AddedTokenMatcher::next_match(std::string_view text, std::size_t& at) const {
  for (; at < text.size(); ++at) {
    if (!begins_[static_cast<unsigned char>(text[at])]) continue;
    if (const AddedToken* token = longest_prefix(text.substr(at))) return token;
  }
  return nullptr;
}

MOE_INLINE const AddedToken* AddedTokenMatcher::longest_prefix(std::string_view text) const {
  const AddedToken* longest = nullptr;
  auto first = tokens_.begin(), last = tokens_.end();
  for (std::size_t size = 0; first != last; ++size) {
    if (first->content.size() == size) {
      longest = &*first;
      ++first;
    }
    if (size == text.size()) break;
    const auto byte = [size](const AddedToken& token) {
      return static_cast<unsigned char>(token.content[size]);
    };
    const auto wanted = static_cast<unsigned char>(text[size]);
    first = std::ranges::lower_bound(first, last, wanted, {}, byte);
    last = std::ranges::upper_bound(first, last, wanted, {}, byte);
  }
  return longest;
}

MOE_INLINE bool AddedTokenMatcher::touches_word(std::string_view text, std::size_t begin, std::size_t end) {
  return last_character(text.substr(0, begin)).is(character::word) ||
         character_at(text, end).is(character::word);
}

MOE_INLINE std::size_t AddedTokenMatcher::begin_of_space(std::string_view text, std::size_t least,
                                                         std::size_t end) {
  for (;;) {
    const Character last = last_character(text.substr(least, end - least));
    if (!last.is(character::space)) return end;
    end -= last.bytes;
  }
}

}  // namespace moe::inline MOE_ABI::detail
