// SPDX-License-Identifier: MIT
#pragma once
#include "sentence_piece_json.hpp"
#include "../core/concat.hpp"
#include "json_members.hpp"
#include "notation.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

inline void require_text(const Json& text, std::string_view expected) {
  if (text.as_string() != expected)
    text.fail_here(concat('"', expected, '"'), concat('"', text.as_string(), '"'));
}

inline void require_number(const Json& number, std::uint64_t expected) {
  if (number.as_u64() != expected) number.fail_here(concat(expected), number.slice());
}

/// Checks a step Replace.
inline void require_replacement(const Json& step, std::string_view from, std::string_view to) {
  require_text(step.at("pattern").at("String"), from);
  require_text(step.at("content"), to);
}

/// How often the normalizer puts ▁ before a text, and how often it replaces spaces by ▁.
struct MetaspaceSteps {
  std::size_t prepends = 0, replaces = 0;

  void read(const Json& normalizer) {
    const std::string_view type = type_of(normalizer);
    if (type == "Sequence") {
      for (const Json step : normalizer.at("normalizers").as_array()) read(step);
    } else if (type == "Prepend") {
      require_text(normalizer.at("prepend"), metaspace);
      ++prepends;
    } else if (type == "Replace") {
      require_replacement(normalizer, " ", metaspace);
      ++replaces;
    } else {
      refuse_type(normalizer, "Prepend, Replace or a Sequence of them");
    }
  }
};

/// Checks the decoder: Replace, ByteFallback, Fuse, and Strip if the normalizer adds a space.
inline void require_sentence_piece_decoder(const Json& decoder, bool strips) {
  constexpr std::string_view types[] = {"Replace", "ByteFallback", "Fuse", "Strip"};
  require_type(decoder, "Sequence");
  const Json steps = decoder.at("decoders");
  if (const std::size_t expected = strips ? 4 : 3; steps.as_array().size() != expected)
    steps.fail_here(strips ? "Replace, ByteFallback, Fuse and Strip" : "Replace, ByteFallback and Fuse",
                    concat(steps.size(), " steps"));
  std::size_t i = 0;
  for (const Json step : steps) {
    require_type(step, types[i]);
    if (i == 0) require_replacement(step, metaspace, " ");
    if (i == 3) {
      require_text(step.at("content"), " ");
      require_number(step.at("start"), 1);
      require_number(step.at("stop"), 0);
    }
    ++i;
  }
}

/// Checks Gemma's Split at spaces. The Split cuts nothing, because the normalizer leaves no space.
inline void require_split_at_spaces(const Json& split) {
  if (type_of(split) != "Split") refuse_type(split, "no pre-tokenizer beside byte_fallback, or a Split");
  require_text(split.at("pattern").at("String"), " ");
  require_text(split.at("behavior"), "MergedWithPrevious");
  if (split.at("invert").as_bool()) split.at("invert").fail_here("false", "true");
}

/// Whether a Metaspace puts ▁ before texts that do not begin with ▁.
inline bool read_prepend_scheme(const Json& step, bool& only_at_begin) {
  const Json scheme = find_value(step, "prepend_scheme");
  if (!scheme) return find_flag(step, "add_prefix_space", true);
  only_at_begin = scheme.as_string() == "first";
  if (only_at_begin || scheme.as_string() == "always") return true;
  if (scheme.as_string() != "never")
    scheme.fail_here("always, first or never", concat('"', scheme.as_string(), '"'));
  return false;
}

/// Reads a Metaspace, which writes spaces as ▁ and cuts texts before each ▁. Here, a space is written in place of each ▁.
inline void read_metaspace(const Json& step, TokenizerParts& parts) {
  require_text(step.at("replacement"), metaspace);
  SplitStep cut;
  cut.add_prefix_space = read_prepend_scheme(step, cut.only_at_begin);
  if (find_flag(step, "split", true)) {
    cut.program = std::make_shared<const regex::Program>(regex::compile(" ", "Metaspace"));
    cut.behavior = SplitBehavior::merged_with_next;
  }
  parts.late_spaces = true;
  if (cut.add_prefix_space) parts.left_out_at_begin = SpaceAtBegin::one;
  parts.pre.steps = {cut};
}

inline void read_metaspace_normalizer(const Json& root, TokenizerParts& parts) {
  const Json normalizer = root.at("normalizer");
  MetaspaceSteps steps;
  steps.read(normalizer);
  if (steps.replaces == 0 || steps.prepends > 1)
    normalizer.fail_here("at least one Replace and at most one Prepend",
                         concat(steps.replaces, " and ", steps.prepends));
  parts.add_text_space = steps.prepends == 1;
  if (parts.add_text_space) parts.left_out_at_begin = SpaceAtBegin::one;
}

MOE_INLINE bool has_metaspace(const Json& root, std::string_view step) {
  const Json value = find_value(root, step);
  return value && type_of(value) == "Metaspace";
}

/// The decoder Metaspace: byte tokens are decoded as their names.
inline void read_metaspace_decoder(const Json& decoder, TokenizerParts& parts) {
  require_text(decoder.at("replacement"), metaspace);
  bool first = false;
  parts.left_out_at_begin =
      read_prepend_scheme(decoder, first) ? SpaceAtBegin::of_first_token : SpaceAtBegin::none;
}

MOE_INLINE void read_sentence_piece(const Json& root, TokenizerParts& parts) {
  if (has_metaspace(root, "pre_tokenizer")) {
    read_metaspace(root.at("pre_tokenizer"), parts);
    if (const Json normalizer = find_value(root, "normalizer"))
      normalizer.fail_here("no normalizer beside a Metaspace", type_of(normalizer));
  } else {
    if (const Json pre_tokenizer = find_value(root, "pre_tokenizer")) require_split_at_spaces(pre_tokenizer);
    read_metaspace_normalizer(root, parts);
  }
  if (has_metaspace(root, "decoder")) return read_metaspace_decoder(root.at("decoder"), parts);
  require_sentence_piece_decoder(root.at("decoder"), parts.left_out_at_begin == SpaceAtBegin::one);
}

}  // namespace moe::inline MOE_ABI::detail
