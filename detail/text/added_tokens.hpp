#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "unicode.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// A token that is looked for in the text as it stands, before the rest is broken into pieces.
struct AddedToken {
  TokenId id = 0;
  std::string content;
  bool single_word = false;  // not directly after or before a letter, a digit and the like (\w)
  bool lstrip = false;       // takes the white space before it
  bool rstrip = false;       // takes the white space after it
  bool normalized = false;   // looked for in the normalized text, and normalized itself
  bool special = false;      // controls the model; decoding may leave it out
};

/// Finds added tokens: the leftmost match, of those the longest, then the next one after its end.
/// Source: find_matches of AddedVocabulary in Hugging Face's tokenizers.
class AddedTokenMatcher {
 public:
  /// Every token has a content. Of those with the same one, that of the lowest id counts.
  explicit AddedTokenMatcher(std::vector<AddedToken> tokens = {});

  /// Goes through the text from left to right: on_token(id) for each match, on_text(part) for each part
  /// between matches that is not empty.
  template <class OnText, class OnToken>
  void split(std::string_view text, OnText on_text, OnToken on_token) const {
    std::size_t done = 0, space_end = 0;
    for (std::size_t at = 0; const AddedToken* token = next_match(text, at);) {
      std::size_t begin = at, end = at + token->content.size();
      at = end;
      if (token->single_word && touches_word(text, begin, end)) continue;
      if (token->lstrip) begin = begin_of_space(text, done, std::max(begin, done));
      if (token->rstrip) {
        if (end >= space_end) space_end = end_of_run(text, end, character::space);
        end = space_end;
      }
      if (done < begin) on_text(text.substr(done, begin - done));
      if (begin < end) on_token(token->id);  // else it was white space that the one before took
      done = end;
    }
    if (done < text.size()) on_text(text.substr(done));
  }

 private:
  /// Moves `at` to the next match and returns its token; null if there is none.
  const AddedToken* next_match(std::string_view text, std::size_t& at) const;

  /// The longest token that `text` begins with. The tokens that share its first bytes are neighbours, since
  /// they are sorted; each further byte leaves fewer of them.
  const AddedToken* longest_prefix(std::string_view text) const;

  static bool touches_word(std::string_view text, std::size_t begin, std::size_t end);

  /// Where the white space begins that ends at `end`, but not before `least`.
  static std::size_t begin_of_space(std::string_view text, std::size_t least, std::size_t end);

  std::vector<AddedToken> tokens_;     // sorted by content
  std::array<bool, 256> begins_ = {};  // whether a token begins with that byte
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "added_tokens.ipp"
#endif
