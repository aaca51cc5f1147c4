// SPDX-License-Identifier: MIT
#pragma once
#include "sentence_piece_json.hpp"
#include "../core/concat.hpp"
#include "json_members.hpp"
#include "notation.hpp"
#include "pre_tokenizer_json.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

inline void require_text(const Json& text, std::string_view expected) {
  if (text.as_string() != expected)
    text.fail_here(concat('"', expected, '"'), concat('"', text.as_string(), '"'));
}

inline void require_number(const Json& number, std::uint64_t expected) {
  if (number.as_u64() != expected) number.fail_here(concat(expected), number.slice());
}

/// Checks that a step Replace replaces the text `from` by the text `to`.
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

/// Reads the decoder, a Sequence of Replace, ByteFallback, Fuse and Strip, of which ByteFallback and Strip may be missing.
/// Returns whether Strip removes a space at the start of a text.
inline bool read_sentence_piece_decoder(const Json& decoder) {
  require_type(decoder, "Sequence");
  const Json steps = decoder.at("decoders");
  std::string types;
  for (const Json step : steps.as_array()) types += concat(types.empty() ? "" : ", ", type_of(step));
  const bool strips = types.ends_with(", Strip");
  const std::string_view before = std::string_view(types).substr(0, types.size() - (strips ? 7 : 0));
  if (before != "Replace, ByteFallback, Fuse" && before != "Replace, Fuse")
    steps.fail_here("Replace, ByteFallback, Fuse and Strip, of which ByteFallback and Strip may be missing",
                    types.empty() ? "no steps" : types);
  for (const Json step : steps) {
    if (type_of(step) == "Replace") require_replacement(step, metaspace, " ");
    if (type_of(step) != "Strip") continue;
    require_text(step.at("content"), " ");
    require_number(step.at("start"), 1);
    require_number(step.at("stop"), 0);
  }
  return strips;
}

/// Whether a Metaspace puts ▁ before texts that do not begin with ▁. Sets `only_at_begin` if it does so only before the first
/// text.
inline bool read_prepend_scheme(const Json& step, bool& only_at_begin) {
  const Json scheme = find_value(step, "prepend_scheme");
  if (!scheme) return find_flag(step, "add_prefix_space", true);
  only_at_begin = scheme.as_string() == "first";
  if (only_at_begin || scheme.as_string() == "always") return true;
  if (scheme.as_string() != "never")
    scheme.fail_here("always, first or never", concat('"', scheme.as_string(), '"'));
  return false;
}

/// Reads a Metaspace, which writes spaces as ▁ and cuts texts before each ▁. The step that is read cuts before spaces instead,
/// because the vocabulary has a space in place of each ▁.
inline void read_metaspace(const Json& step, TokenizerParts& parts) {
  require_text(step.at("replacement"), metaspace);
  SplitStep cut;
  cut.add_prefix_space = read_prepend_scheme(step, cut.only_at_begin);
  if (find_flag(step, "split", true)) {
    cut.program = std::make_shared<const regex::Program>(regex::compile(" ", "Metaspace"));
    cut.behavior = SplitBehavior::merged_with_next;
  }
  parts.late_spaces = true;
  parts.pre.steps = {cut};
}

inline void read_metaspace_normalizer(const Json& root, TokenizerParts& parts) {
  const Json normalizer = root.at("normalizer");
  MetaspaceSteps steps;
  steps.read(normalizer);
  if (steps.replaces == 0 || steps.prepends > 1)
    normalizer.fail_here("at least one Replace and at most one Prepend",
                         concat(steps.replaces, " Replace and ", steps.prepends, " Prepend"));
  parts.add_text_space = steps.prepends == 1;
}

MOE_INLINE bool is_metaspace(const Json& part) { return part && type_of(part) == "Metaspace"; }

MOE_INLINE bool names_bytes(const Json& decoder) {
  if (!decoder) return false;
  if (type_of(decoder) != "Sequence") return is_metaspace(decoder);
  for (const Json step : decoder.at("decoders").as_array())
    if (type_of(step) == "ByteFallback") return false;
  return true;
}

/// Whether a normalizer is a Sequence of no steps.
inline bool is_empty_sequence(const Json& normalizer) {
  return type_of(normalizer) == "Sequence" && normalizer.at("normalizers").as_array().size() == 0;
}

/// The decoder Metaspace: byte tokens are decoded as their names.
inline void read_metaspace_decoder(const Json& decoder, TokenizerParts& parts) {
  require_text(decoder.at("replacement"), metaspace);
  bool first = false;
  parts.left_out_at_begin =
      read_prepend_scheme(decoder, first) ? SpaceAtBegin::of_first_token : SpaceAtBegin::none;
}

MOE_INLINE void read_sentence_piece(const Json& root, TokenizerParts& parts) {
  const Json pre_tokenizer = find_pre_tokenizer(root), decoder = find_decoder(root);
  if (is_metaspace(pre_tokenizer)) {
    read_metaspace(pre_tokenizer, parts);
    const Json normalizer = find_value(root, "normalizer");
    if (normalizer && !is_empty_sequence(normalizer))
      normalizer.fail_here("no normalizer beside a Metaspace", type_of(normalizer));
  } else {
    if (pre_tokenizer) parts.pre.steps = read_metaspaced_steps(pre_tokenizer, parts.name);
    read_metaspace_normalizer(root, parts);
  }
  if (is_metaspace(decoder)) return read_metaspace_decoder(decoder, parts);
  if (read_sentence_piece_decoder(decoder ? decoder : root.at("decoder")))
    parts.left_out_at_begin = SpaceAtBegin::one;
}

}  // namespace moe::inline MOE_ABI::detail
