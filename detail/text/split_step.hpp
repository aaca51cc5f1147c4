// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "pre_tokenizer.hpp"
#include "regex/program.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Which pieces the matches of a pattern give. Source: SplitDelimiterBehavior in Hugging Face's tokenizers.
enum class SplitBehavior : std::uint8_t {
  isolated,              // each match and each part between matches is a piece
  removed,               // each part between matches is a piece
  merged_with_previous,  // a match belongs to the part before it
  merged_with_next,      // a match belongs to the part after it
  contiguous,            // consecutive matches are one piece
};

/// One step of a pre-tokenizer. Cuts each piece of the step before.
struct SplitStep {
  const SplitPattern* pattern = nullptr;               // isolates its matches; null if `program` cuts
  std::shared_ptr<const regex::Program> program = {};  // finds matches; shared by all copies of a tokenizer
  SplitBehavior behavior = SplitBehavior::isolated;
  bool invert = false;  // parts between matches count as matches, and matches as parts between
  // Before the step cuts a piece that does not begin with a space, puts a space before the piece.
  bool add_prefix_space = false;
  bool only_at_begin = false;  // puts the space only before the first piece of the text
  bool byte_alphabet = false;  // searches a piece in the form that ByteLevel writes, see ByteAlphabet
};

/// Cuts texts into pieces, each of which becomes tokens by itself.
struct PreTokenizer {
  std::vector<SplitStep> steps;
};

/// The function written by hand for one regular expression; null if there is none.
const SplitPattern* find_single_pattern(std::string_view regex);

/// A step that isolates the matches of a regular expression, by a hand-written function if there is one. Throws an Error that
/// names `name` if the expression is not supported.
SplitStep isolating_step(std::string_view regex, std::string_view name);

/// A regular expression that matches exactly this text.
std::string escaped_regex(std::string_view text);

/// The steps of regular expressions, one per line.
std::vector<SplitStep> isolating_steps(std::string_view lines, std::string_view name);

/// A part of a text: a match of a pattern or a part between matches.
struct SplitPart {
  std::size_t begin, end;
  bool match;
};

/// Joins parts as the behavior says: merged_with_previous, merged_with_next or contiguous.
std::vector<SplitPart> join_parts(const std::vector<SplitPart>& parts, SplitBehavior behavior);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "split_step.ipp"
#endif
