// SPDX-License-Identifier: MIT
#pragma once
#include "recommended_sampling.hpp"
#include "../core/concat.hpp"
#include "../core/token.hpp"
#include "../io/gguf_metadata.hpp"
#include "../spec/value_source.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// A step of generate() that this library lacks, and the value that turns the step off.
struct MissingStep {
  std::string_view key;
  double off;
};

inline constexpr MissingStep missing_steps[] = {{"num_beams", 1},
                                                {"guidance_scale", 1},
                                                {"penalty_alpha", 0},
                                                {"encoder_repetition_penalty", 1},
                                                {"encoder_no_repeat_ngram_size", 0}};
inline constexpr MissingStep missing_steps_of_draws[] = {{"epsilon_cutoff", 0}, {"eta_cutoff", 0}};
// Steps that no value turns off.
inline constexpr std::string_view missing_values[] = {
    "sequence_bias",         "exponential_decay_length_penalty",
    "begin_suppress_tokens", "forced_bos_token_id",
    "forced_eos_token_id",   "forced_decoder_ids",
    "force_words_ids",       "constraints",
    "dola_layers",           "watermarking_config"};
inline constexpr std::string_view missing_values_of_draws[] = {"top_h"};

inline void refuse_steps(const ValueSource& values, std::span<const MissingStep> steps) {
  for (const auto& [key, off] : steps)
    if (const double found = values.number(key, off, {-1e9, 1e9}); found != off)
      values.fail_at(key, concat(off, ", since this library lacks the step"), concat(found));
}

inline void refuse_values(const ValueSource& values, std::span<const std::string_view> keys) {
  for (const std::string_view key : keys)
    if (values.has(key)) values.fail_at(key, "no value, since this library lacks the step", "a value");
}

inline std::vector<TokenId> token_ids(const std::vector<std::size_t>& numbers) {
  std::vector<TokenId> out;
  for (const std::size_t number : numbers) out.push_back(static_cast<TokenId>(number));
  return out;
}

/// Adds the words of bad_words_ids. As in transformers, a word that is an end token is not banned.
inline void add_bad_words(const Json& config, const std::vector<TokenId>& end_tokens, Sampling& out) {
  const Json words = config.find("bad_words_ids");
  if (!words || words.is_null()) return;
  for (const Json word : words.as_array()) {
    std::vector<TokenId> ids;
    for (const Json id : word.as_array()) ids.push_back(static_cast<TokenId>(id.as_u64(SizeRange{}.most)));
    if (ids.empty()) word.fail_here("at least one token", "none");
    if (ids.size() > 1)
      out.banned_sequences.push_back(std::move(ids));
    else if (std::find(end_tokens.begin(), end_tokens.end(), ids[0]) == end_tokens.end())
      out.banned_tokens.push_back(ids[0]);
  }
}

/// The decimal number with at most six digits behind the point that rounds to the f32 `value`; `value` itself if there is none.
/// A GGUF file stores 0.95 as the f32 0.949999988; read as 0.95, it gives the same draws as the 0.95 of a
/// generation_config.json.
inline double as_decimal(double value) {
  const double rounded = std::round(value * 1e6) / 1e6;
  return static_cast<float>(rounded) == static_cast<float>(value) ? rounded : value;
}

/// The numbers of a GGUF file whose keys begin with general.sampling.
class SamplingNumbers {
 public:
  explicit SamplingNumbers(const GgufMetadata& metadata) : metadata_(metadata) {}

  bool has(std::string_view name) const { return metadata_.find(key(name)) != nullptr; }

  double get(std::string_view name, double otherwise, NumberRange range) const {
    const double out = as_decimal(metadata_.any_number(key(name)).value_or(otherwise));
    if (out >= range.least && out <= range.most) return out;
    metadata_.fail_at(key(name), concat("a number from ", range.least, " to ", range.most), concat(out));
  }

  /// Refuses a step that this library lacks, unless it is off.
  void refuse(std::string_view name) const {
    if (const double found = get(name, 0, {-1e9, 1e9}); found != 0)
      metadata_.fail_at(key(name), "0, since this library lacks the step", concat(found));
  }

 private:
  static std::string key(std::string_view name) { return concat("general.sampling.", name); }

  const GgufMetadata& metadata_;
};

/// In a GGUF file, a top_k of 0 or less means all tokens, and a temperature of 0 or less means the most likely token. As in
/// llama.cpp, suppressed ids without a token are left out.
MOE_INLINE Sampling read_sampling_of_gguf(const GgufMetadata& metadata) {
  const SamplingNumbers numbers(metadata);
  Sampling out;
  const GgufValue* const tokens = metadata.find("tokenizer.ggml.tokens");
  for (const std::uint64_t id : metadata.wholes("tokenizer.ggml.suppress_tokens"))
    if (tokens && id < tokens->count) out.banned_tokens.push_back(static_cast<TokenId>(id));
  out.repetition_penalty = numbers.get("penalty_repeat", 1, {1e-3, 1e3});
  numbers.refuse("mirostat");
  numbers.refuse("xtc_probability");
  const std::string_view names[] = {"temp", "top_k", "top_p", "min_p"};
  if (std::none_of(std::begin(names), std::end(names), [&](auto name) { return numbers.has(name); }))
    return out;
  out.temperature = std::max(numbers.get("temp", 1, {-1e3, 1e3}), 0.0);
  out.top_k = static_cast<std::size_t>(std::max(numbers.get("top_k", 50, {-0x1p31, 0x1p31 - 1}), 0.0));
  out.top_p = numbers.get("top_p", 1, {1e-6, 1});
  out.min_p = numbers.get("min_p", 0, {0, 1});
  return out;
}

MOE_INLINE Sampling read_sampling(const Checkpoint& checkpoint) {
  if (checkpoint.naming() == Naming::gguf) return read_sampling_of_gguf(checkpoint.metadata());
  Sampling out;
  const Json found = checkpoint.generation_config();
  if (!found) return out;
  const ValueSource reader(found);
  refuse_steps(reader, missing_steps);
  refuse_values(reader, missing_values);
  if (reader.flag("token_healing", false))
    reader.fail_at("token_healing", "false, since this library lacks the step", "true");
  out.repetition_penalty = reader.number("repetition_penalty", 1, {1e-3, 1e3});
  out.no_repeat_ngram_size = reader.size("no_repeat_ngram_size", 0);
  out.banned_tokens = token_ids(reader.sizes("suppress_tokens"));
  add_bad_words(found, token_ids(reader.sizes("eos_token_id")), out);
  if (!reader.flag("do_sample", false)) return out;
  refuse_steps(reader, missing_steps_of_draws);
  refuse_values(reader, missing_values_of_draws);
  out.temperature = reader.number("temperature", 1, {0, 1e3});
  out.top_k = reader.size("top_k", 50);
  out.top_p = reader.number("top_p", 1, {1e-6, 1});
  out.min_p = reader.number("min_p", 0, {0, 1});
  out.typical_p = reader.number("typical_p", 1, {1e-6, 1});
  return out;
}

}  // namespace moe::inline MOE_ABI::detail
