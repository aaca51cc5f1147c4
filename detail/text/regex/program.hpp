// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "../unicode.hpp"
#include "character_set.hpp"
#include "tree.hpp"

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail::regex {

/// A set of characters with a lookup in constant time: one bit for each character, in blocks of 256 bits. Stores equal blocks
/// once.
class CharacterTable {
 public:
  explicit CharacterTable(const CharacterSet& set);

  bool contains(char32_t c) const {
    const std::uint64_t word = words_[std::size_t{4} * blocks_[c >> 8] + (c >> 6 & 3)];
    return (word >> (c & 63) & 1) != 0;
  }

 private:
  static constexpr std::size_t blocks = (CharacterSet::invalid >> 8) + 1;

  std::array<std::uint16_t, blocks> blocks_{};
  std::vector<std::uint64_t> words_;  // [blocks][4]
};

/// One step of a Matcher. Unless a comment says otherwise, the next instruction follows.
struct Instruction {
  enum class Op : std::uint8_t {
    literal,    // matches `least` bytes of Program::literals, from offset `set` on
    set,        // matches one character of the set
    loop,       // matches `least` to `most` characters of the set
    split,      // tries the next instruction, and then `target`; `prefers_target`: tries `target` first
    repeat,     // a split between another round of a loop and the end of the loop
    dispatch,   // tries the alternatives of Dispatch number `set` that may begin with the next byte
    jump,       // goes on at `target`
    assertion,  // fails unless the assertion holds here
    look,       // fails unless the next instructions match (`negated`: if they match); goes on at `target`
    look_set,   // fails unless a character of the set comes next (`negated`: if it comes next)
    atomic,     // takes the first match of the next instructions; goes on at `target`
    step_back,  // goes back by `least` characters
    match,      // ends the program, or the instructions of a look or an atomic
  };

  Op op;
  Greed greed = Greed::greedy;
  bool prefers_target = false;
  bool negated = false;
  bool nullable = false;  // repeat: a round may match no characters
  bool last = false;      // loop: the match ends after the loop
  Assertion assertion = Assertion::text_begin;
  std::uint32_t set = 0;  // an index in Program::sets or Program::dispatches; literal: an offset
  std::uint32_t target = 0;
  std::uint32_t least = 0, most = 0;
  std::uint32_t memo = 0;  // loop without limit, repeat: the index of the failures that a Matcher remembers
};

/// The alternatives of a group, and for each byte the alternatives that may begin with the byte.
struct Dispatch {
  static constexpr std::size_t most = 64;

  std::vector<std::uint32_t> targets;        // [alternatives] instructions
  std::array<std::uint64_t, 256> by_byte{};  // alternatives as bits
  std::uint64_t at_end = 0;                  // the alternatives that may match no characters
};

/// A regular expression as instructions for Matcher.
struct Program {
  std::vector<Instruction> code;
  std::vector<CharacterTable> sets;
  std::string literals;
  std::vector<Dispatch> dispatches;
  std::bitset<256> first_bytes;   // the bytes that a match may begin with
  bool nullable = false;          // may match no characters
  std::uint32_t loops = 0;        // the number of loops over one set without limit
  std::uint32_t repeats = 0;      // the number of other loops
  bool nullable_repeats = false;  // a round of one of the other loops may match no characters
  std::string pattern, name;      // for errors
};

/// Compiles a regular expression, or throws an Error that names `name` and the pattern.
Program compile(std::string_view pattern, std::string_view name);

}  // namespace moe::inline MOE_ABI::detail::regex

#if MOE_DEFINITIONS
#include "program.ipp"
#endif
