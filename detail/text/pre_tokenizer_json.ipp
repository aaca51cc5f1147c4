// SPDX-License-Identifier: MIT
#pragma once
#include "pre_tokenizer_json.hpp"
#include "../core/concat.hpp"
#include "json_members.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Limits the depth of recursion: each step of PieceCutter calls the next step. Real files have up to six steps.
inline constexpr std::size_t most_split_steps = 64;

inline SplitBehavior read_behavior(const Json& behavior) {
  constexpr std::pair<std::string_view, SplitBehavior> names[] = {
      {"Isolated", SplitBehavior::isolated},
      {"Removed", SplitBehavior::removed},
      {"MergedWithPrevious", SplitBehavior::merged_with_previous},
      {"MergedWithNext", SplitBehavior::merged_with_next},
      {"Contiguous", SplitBehavior::contiguous},
  };
  for (const auto& [name, value] : names)
    if (behavior.as_string() == name) return value;
  behavior.fail_here("Isolated, Removed, MergedWithPrevious, MergedWithNext or Contiguous",
                     concat('"', behavior.as_string(), '"'));
}

/// A step that finds the matches of a regular expression that this library makes.
inline SplitStep step_of(std::string_view regex, SplitBehavior behavior, bool invert = false) {
  return {.program = std::make_shared<const regex::Program>(regex::compile(regex, "pre-tokenizer")),
          .behavior = behavior,
          .invert = invert};
}

MOE_INLINE SplitStep read_split(const Json& split, std::string_view name) {
  const Json pattern = split.at("pattern"), literal = pattern.find("String");
  const Json source = literal ? literal : pattern.at("Regex");
  const SplitBehavior behavior = read_behavior(split.at("behavior"));
  const bool invert = split.at("invert").as_bool();
  const std::string regex = literal ? escaped_regex(source.as_string()) : std::string(source.as_string());
  if (regex.empty()) source.fail_here("a pattern", "none");
  // The matches of a hand-written function cover the whole text, so Removed with `invert`, which keeps only the matches, is the
  // same as Isolated.
  const bool isolates = invert ? behavior == SplitBehavior::removed : behavior == SplitBehavior::isolated;
  const SplitPattern* pattern_by_hand = isolates ? find_single_pattern(regex) : nullptr;
  if (pattern_by_hand) return {.pattern = pattern_by_hand};
  return {.program = std::make_shared<const regex::Program>(
              regex::compile(regex, concat(name, ": ", source.path()))),
          .behavior = behavior,
          .invert = invert};
}

/// ASCII punctuation and \p{P}, as in Hugging Face's tokenizers.
inline constexpr std::string_view punctuation_regex = R"([!-/:-@\[-`{-~\p{P}])";

/// Adds the step of a ByteLevel, which may put a space before each piece, and then may cut the pieces as GPT-2 does.
inline void read_byte_level(const Json& level, PreTokenizer& pre) {
  const bool space = level.at("add_prefix_space").as_bool();
  if (find_flag(level, "use_regex", true)) {
    pre.steps.push_back({.pattern = &gpt2_pattern, .add_prefix_space = space});
  } else if (space) {
    pre.steps.push_back({.add_prefix_space = true});
  }
}

inline void read_pre_tokenizer_step(const Json& step, std::string_view name, PreTokenizer& pre) {
  const std::string_view type = type_of(step);
  if (type == "Split") {
    pre.steps.push_back(read_split(step, name));
  } else if (type == "Digits") {
    const bool individual = step.at("individual_digits").as_bool();
    pre.steps.push_back(
        step_of(R"(\p{N})", individual ? SplitBehavior::isolated : SplitBehavior::contiguous));
  } else if (type == "Punctuation") {
    const Json behavior = find_value(step, "behavior");
    pre.steps.push_back(
        step_of(punctuation_regex, behavior ? read_behavior(behavior) : SplitBehavior::isolated));
  } else if (type == "Whitespace") {
    pre.steps.push_back(step_of(R"([\w\u200c\u200d]+|[^\w\u200c\u200d\s]+)", SplitBehavior::removed, true));
  } else if (type == "WhitespaceSplit") {
    pre.steps.push_back(step_of(R"(\s)", SplitBehavior::removed));
  } else if (type == "CharDelimiterSplit") {
    pre.steps.push_back(step_of(escaped_regex(step.at("delimiter").as_string()), SplitBehavior::removed));
  } else {
    refuse_type(step,
                "Split, Digits, Punctuation, Whitespace, WhitespaceSplit, CharDelimiterSplit or ByteLevel");
  }
}

/// Adds the steps of a pre-tokenizer in order; `byte_level`: a ByteLevel came before.
inline void read_pre_tokenizer_steps(const Json& pre_tokenizer, std::string_view name, bool& byte_level,
                                     PreTokenizer& pre) {
  if (type_of(pre_tokenizer) == "Sequence") {
    for (const Json step : pre_tokenizer.at("pretokenizers").as_array())
      read_pre_tokenizer_steps(step, name, byte_level, pre);
    return;
  }
  if (pre.steps.size() >= most_split_steps)
    pre_tokenizer.fail_here(concat("at most ", most_split_steps, " steps"), "more");
  if (type_of(pre_tokenizer) == "ByteLevel") {
    if (byte_level) pre_tokenizer.fail_here("one ByteLevel", "two");
    byte_level = true;
    return read_byte_level(pre_tokenizer, pre);
  }
  const std::size_t before = pre.steps.size();
  read_pre_tokenizer_step(pre_tokenizer, name, pre);
  if (!byte_level) return;
  if (pre.steps[before].pattern)
    pre_tokenizer.fail_here("a ByteLevel after a step with this pattern", "a ByteLevel before the step");
  pre.steps[before].byte_alphabet = true;
}

/// Replaces all steps by one hand-written function, if there is a function for the sequence of their regular expressions.
inline void join_steps(PreTokenizer& pre, const std::vector<std::string>& regexes) {
  std::string lines;
  for (const std::string& regex : regexes) lines += (lines.empty() ? "" : "\n") + regex;
  if (const SplitPattern* pattern = find_split_pattern(lines)) pre.steps = {{.pattern = pattern}};
}

MOE_INLINE PreTokenizer read_byte_level_pre_tokenizer(const Json& pre_tokenizer, std::string_view name) {
  PreTokenizer pre;
  bool byte_level = false;
  read_pre_tokenizer_steps(pre_tokenizer, name, byte_level, pre);
  if (!byte_level) pre_tokenizer.fail_here("a ByteLevel", "none");
  std::vector<std::string> regexes;
  for (const SplitStep& step : pre.steps) {
    const bool isolates = step.behavior == SplitBehavior::isolated && !step.invert && !step.byte_alphabet;
    if (!isolates || step.add_prefix_space) return pre;
    regexes.emplace_back(step.pattern ? step.pattern->regex : std::string_view(step.program->pattern));
  }
  if (regexes.size() > 1) join_steps(pre, regexes);
  return pre;
}

}  // namespace moe::inline MOE_ABI::detail
