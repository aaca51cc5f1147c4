#pragma once
#include "../core/concat.hpp"
#include "../io/json.hpp"
#include "json_members.hpp"
#include "metaspace.hpp"
#include "tokenizer_parts.hpp"

#include <cstddef>
#include <string_view>

namespace moe::detail {

// What tokenizer.json has around a model with byte_fallback, that of Llama 2 and Mixtral: SentencePiece in terms
// of Hugging Face's tokenizers.

inline void require_text(const Json& text, std::string_view expected) {
  if (text.as_string() != expected)
    text.fail_here(concat('"', expected, '"'), concat('"', text.as_string(), '"'));
}

/// A step that replaces one text by another.
inline void require_replacement(const Json& step, std::string_view from, std::string_view to) {
  require_text(step.at("pattern").at("String"), from);
  require_text(step.at("content"), to);
}

/// Counts how often ▁ is put before a text, and is put for spaces.
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

/// Replace, ByteFallback, Fuse, and Strip if the normalizer puts something there to strip.
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
      if (const Json start = step.at("start"); start.as_u64() != 1) start.fail_here("1", start.slice());
      if (const Json stop = step.at("stop"); stop.as_u64() != 0) stop.fail_here("0", stop.slice());
    }
    ++i;
  }
}

inline void read_sentence_piece(const Json& root, TokenizerParts& parts) {
  if (const Json pre_tokenizer = find_value(root, "pre_tokenizer"))
    refuse_type(pre_tokenizer, "no pre-tokenizer beside byte_fallback");
  parts.pattern = &whole_text_pattern;
  const Json normalizer = root.at("normalizer");
  MetaspaceSteps steps;
  steps.read(normalizer);
  if (steps.replaces == 0 || steps.prepends > 1)
    normalizer.fail_here("a Replace, and a Prepend at most", concat(steps.replaces, " and ", steps.prepends));
  parts.add_text_space = steps.prepends == 1;
  require_sentence_piece_decoder(root.at("decoder"), parts.add_text_space);
}

}  // namespace moe::detail
