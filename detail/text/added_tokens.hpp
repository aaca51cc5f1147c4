// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "unicode.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// A token that is searched for in the text itself, before the rest of the text is cut into pieces.
struct AddedToken {
  TokenId id = 0;
  std::string content;
  bool single_word = false;  // no match directly beside a letter, a digit or another word character (\w)
  bool lstrip = false;       // a match includes the white space before it
  bool rstrip = false;       // a match includes the white space after it
  bool normalized = false;   // searched for in the normalized text, with normalized content
  bool special = false;      // controls the model; decoding may leave it out
};

/// An Aho-Corasick automaton over reversed texts. Reads an input backwards, one step for each byte. After each step, longest()
/// returns the longest text that begins at the byte that was read. O(1) amortised per step, whatever the texts are.
class BackwardAutomaton {
 public:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  /// `texts` are distinct, not empty, and sorted by their reversed bytes.
  explicit BackwardAutomaton(const std::vector<std::string_view>& texts = {});

  std::uint32_t start() const { return 0; }
  std::uint32_t step(std::uint32_t state, char byte) const;

  /// The index of the longest text that begins at the byte that was read last; none if no text begins there.
  std::uint32_t longest(std::uint32_t state) const { return longest_[state]; }

 private:
  /// The child that `byte` leads to; `none` if the state has no such child.
  std::uint32_t child(std::uint32_t state, unsigned char byte) const;

  // A trie in breadth-first order: the children of state s are the states [children_[s], children_[s + 1]), sorted by byte.
  std::vector<std::uint32_t> children_;
  std::vector<unsigned char> bytes_;        // [states] the byte that leads to the state
  std::vector<std::uint32_t> fallback_;     // [states] the state of the longest proper suffix
  std::vector<std::uint32_t> longest_;      // [states] the result of longest()
  std::array<std::uint32_t, 256> first_{};  // the states after one byte
};

/// Finds added tokens: the leftmost match, and among matches at one position the longest; then the next match after this match.
/// Linear in the text, whatever the tokens are.
/// Source: find_matches of AddedVocabulary in Hugging Face's tokenizers.
class AddedTokenMatcher {
 public:
  /// No content is empty. Among tokens with equal content, the token with the lowest id counts. spaces_are_marks: a
  /// space in a text stands for ▁, so that lstrip and rstrip do not count the space as white space.
  explicit AddedTokenMatcher(std::vector<AddedToken> tokens = {}, bool spaces_are_marks = false);

  /// Goes through the text from left to right: on_token(id) for each match, on_text(part) for each part between matches
  /// that is not empty.
  template <class OnText, class OnToken>
  void split(std::string_view text, OnText on_text, OnToken on_token) const {
    std::size_t done = 0, space_end = 0, at = 0;
    Matches matches(*this, text);
    while (const Match* match = matches.next(at)) {
      const AddedToken& token = tokens_[match->token];
      std::size_t begin = match->begin, end = begin + token.content.size();
      at = end;
      if (token.single_word && touches_word(text, begin, end)) continue;
      if (token.lstrip) begin = begin_of_space(text, done, std::max(begin, done));
      if (token.rstrip) {
        if (end >= space_end) space_end = end_of_space(text, end);
        end = space_end;
      }
      if (done < begin) on_text(text.substr(done, begin - done));
      if (begin < end) on_token(token.id);  // otherwise rstrip of the previous token took this match
      done = end;
    }
    if (done < text.size()) on_text(text.substr(done));
  }

 private:
  struct Match {
    std::size_t begin;
    std::uint32_t token;  // index in tokens_
  };

  /// The longest match at each position of a text, in the order of positions. The automaton reads backwards. The
  /// text is read in windows from left to right, so that the first match is found without reading the whole text.
  class Matches {
   public:
    Matches(const AddedTokenMatcher& matcher, std::string_view text) : matcher_(matcher), text_(text) {}

    /// The first match that begins at `at` or after it; null if there is none. `at` must not decrease from call to call.
    const Match* next(std::size_t at);

   private:
    void read_window();

    const AddedTokenMatcher& matcher_;
    std::string_view text_;
    std::size_t window_end_ = 0;  // the matches up to here are known
    std::vector<Match> matches_;  // of the last window, from right to left
  };

  static bool touches_word(std::string_view text, std::size_t begin, std::size_t end);

  /// The start of the white space that ends at `end`; `least` if the white space starts before `least`.
  std::size_t begin_of_space(std::string_view text, std::size_t least, std::size_t end) const;

  /// The end of the white space that begins at `at`.
  std::size_t end_of_space(std::string_view text, std::size_t at) const;

  std::vector<AddedToken> tokens_;  // sorted by their reversed content
  bool spaces_are_marks_;
  std::size_t longest_content_ = 0;
  BackwardAutomaton automaton_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "added_tokens.ipp"
#endif
