// SPDX-License-Identifier: MIT
#pragma once
#include "pre_tokenizer_json.hpp"
#include "../core/concat.hpp"
#include "json_members.hpp"
#include "notation.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Limits the depth of recursion: each step in PieceCutter calls the next step. Real files have up to six steps.
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

/// A step that finds the matches of a regular expression. `source`: the place of the expression in a file, for errors.
inline SplitStep step_of(std::string_view regex, SplitBehavior behavior, bool invert = false,
                         std::string_view source = "pre-tokenizer") {
  return {.program = std::make_shared<const regex::Program>(regex::compile(regex, source)),
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
  return step_of(regex, behavior, invert, concat(name, ": ", source.path()));
}

inline SplitStep read_digits(const Json& digits) {
  const bool individual = digits.at("individual_digits").as_bool();
  return step_of(R"(\p{N})", individual ? SplitBehavior::isolated : SplitBehavior::contiguous);
}

/// ASCII punctuation and \p{P} of an older Unicode, as in the step Punctuation of Hugging Face's tokenizers 0.23: without
/// characters that were added later, and with two characters that are a symbol and a mark in newer versions.
inline constexpr std::string_view punctuation_regex =
    R"([!-/:-@\[-`{-~\x{166d}\x{111c9}[\p{P}&&[^)"
    R"(\x{61d}\x{9fd}\x{a76}\x{c77}\x{c84}\x{1b4e}-\x{1b4f}\x{1b7d}-\x{1b7f}\x{2e43}-\x{2e4f})"
    R"(\x{2e52}-\x{2e5d}\x{10d6e}\x{10ead}\x{10f55}-\x{10f59}\x{10f86}-\x{10f89}\x{113d4}-\x{113d5})"
    R"(\x{113d7}-\x{113d8}\x{1144b}-\x{1144f}\x{1145a}-\x{1145b}\x{1145d}\x{11660}-\x{1166c}\x{116b9})"
    R"(\x{1183b}\x{11944}-\x{11946}\x{119e2}\x{11a3f}-\x{11a46}\x{11a9a}-\x{11a9c}\x{11a9e}-\x{11aa2})"
    R"(\x{11b00}-\x{11b09}\x{11be1}\x{11c41}-\x{11c45}\x{11c70}-\x{11c71}\x{11ef7}-\x{11ef8})"
    R"(\x{11f43}-\x{11f4f}\x{11fff}\x{12ff1}-\x{12ff2}\x{16d6d}-\x{16d6f}\x{16e97}-\x{16e9a}\x{16fe2})"
    R"(\x{1e5ff}\x{1e95e}-\x{1e95f})"
    R"(]]])";

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
    pre.steps.push_back(read_digits(step));
  } else if (type == "Punctuation") {
    const Json behavior = find_value(step, "behavior");
    pre.steps.push_back(
        step_of(punctuation_regex, behavior ? read_behavior(behavior) : SplitBehavior::isolated));
  } else if (type == "Whitespace") {
    pre.steps.push_back(step_of(R"([\w\u200c\u200d]+|[^\w\u200c\u200d\s]+)", SplitBehavior::removed, true));
  } else if (type == "WhitespaceSplit") {
    pre.steps.push_back(step_of(R"(\s)", SplitBehavior::removed));
  } else if (type == "CharDelimiterSplit") {
    const Json delimiter = step.at("delimiter");
    pre.steps.push_back(step_of(escaped_regex(delimiter.as_string()), SplitBehavior::removed, false,
                                concat(name, ": ", delimiter.path())));
  } else {
    refuse_type(step,
                "Split, Digits, Punctuation, Whitespace, WhitespaceSplit, CharDelimiterSplit or ByteLevel");
  }
}

/// Throws if `step` is one step too many after `steps`.
inline void require_few_steps(const Json& step, const std::vector<SplitStep>& steps) {
  if (steps.size() >= most_split_steps)
    step.fail_here(concat("at most ", most_split_steps, " steps"), concat("step ", steps.size() + 1));
}

/// Adds the steps of a pre-tokenizer in order; `byte_level`: a ByteLevel came before.
inline void read_pre_tokenizer_steps(const Json& pre_tokenizer, std::string_view name, bool& byte_level,
                                     PreTokenizer& pre) {
  if (type_of(pre_tokenizer) == "Sequence") {
    for (const Json step : pre_tokenizer.at("pretokenizers").as_array())
      read_pre_tokenizer_steps(step, name, byte_level, pre);
    return;
  }
  require_few_steps(pre_tokenizer, pre.steps);
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

/// Adds the steps of a pre-tokenizer beside a normalizer that writes spaces as ▁.
inline void add_metaspaced_steps(const Json& step, std::string_view name, std::vector<SplitStep>& steps) {
  if (type_of(step) == "Sequence") {
    for (const Json child : step.at("pretokenizers").as_array()) add_metaspaced_steps(child, name, steps);
    return;
  }
  require_few_steps(step, steps);
  if (type_of(step) == "Digits") return steps.push_back(read_digits(step));
  if (type_of(step) != "Split")
    refuse_type(step, "no pre-tokenizer beside byte_fallback, or Splits at fixed texts and Digits");
  const Json source = step.at("pattern").at("String");
  const std::string_view text = source.as_string();
  if (text.empty()) source.fail_here("a text", "none");
  const SplitBehavior behavior = read_behavior(step.at("behavior"));
  const bool invert = step.at("invert").as_bool();
  if (text.find(' ') == text.npos) {
    std::string spaced;
    append_spaced(spaced, text);
    return steps.push_back(
        step_of(escaped_regex(spaced), behavior, invert, concat(name, ": ", source.path())));
  }
  // The normalizer leaves no space, so the text does not occur, and the step cuts nothing.
  if (invert) step.at("invert").fail_here("false beside a text with a space", "true");
}

MOE_INLINE std::vector<SplitStep> read_metaspaced_steps(const Json& pre_tokenizer, std::string_view name) {
  std::vector<SplitStep> steps;
  add_metaspaced_steps(pre_tokenizer, name, steps);
  return steps;
}

}  // namespace moe::inline MOE_ABI::detail
