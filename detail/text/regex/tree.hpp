// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "character_set.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace moe::inline MOE_ABI::detail::regex {

enum class Greed : std::uint8_t { greedy, lazy, possessive };

/// Conditions on a position in the text. They match no characters.
enum class Assertion : std::uint8_t {
  line_begin,      // ^: at the beginning of the text, or after a line feed that does not end the text
  line_end,        // $: at the end of the text, or before a line feed
  text_begin,      // \A
  text_end,        // \z
  last_line_end,   // \Z: at the end of the text, or before a line feed that ends the text
  word_border,     // \b
  no_word_border,  // \B
};

/// A part of a regular expression.
struct Node {
  enum class Kind : std::uint8_t {
    empty,
    set,           // one character of a set
    sequence,      // the children one after another
    alternatives,  // the first child that leads to a match
    repeat,        // the child, `least` to `most` times
    look_ahead,    // the child matches here, or does not if `negated`; matches no characters itself
    look_behind,   // the child matches up to here, or does not if `negated`; matches no characters itself
    atomic,        // the first match of the child, without backtracking into the child
    assertion,
  };
  static constexpr std::uint32_t unlimited = std::numeric_limits<std::uint32_t>::max();

  Kind kind = Kind::empty;
  Greed greed = Greed::greedy;
  bool negated = false;
  Assertion assertion = Assertion::text_begin;
  std::uint32_t least = 0, most = 0;
  std::size_t set = 0;  // index in Tree::sets
  std::vector<Node> children = {};
};

/// A parsed regular expression.
struct Tree {
  Node root;
  std::vector<CharacterSet> sets;  // each set once
};

/// Whether the node can match no characters.
bool is_nullable(const Node& node);

}  // namespace moe::inline MOE_ABI::detail::regex

#if MOE_DEFINITIONS
#include "tree.ipp"
#endif
