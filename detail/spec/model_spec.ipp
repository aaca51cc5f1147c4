// SPDX-License-Identifier: MIT
#pragma once
#include "model_spec.hpp"
#include "../core/concat.hpp"
#include "../core/decimal.hpp"
#include "../core/error.hpp"
#include "attention_reader.hpp"
#include "feed_forward_reader.hpp"
#include "known_tensors.hpp"
#include "layer_kinds.hpp"
#include "mixer_reader.hpp"
#include "model_source.hpp"
#include "refused_values.hpp"
#include "spec_reader.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Adds the tokens of `eos_token_id`, one or several, to `out`.
MOE_INLINE void add_end_tokens(const ValueSource& values, std::vector<TokenId>& out) {
  for (const std::size_t id : values.sizes("eos_token_id"))
    if (const auto token = static_cast<TokenId>(id); std::find(out.begin(), out.end(), token) == out.end())
      out.push_back(token);
}

/// The tokens that end a text, a turn or a message.
MOE_INLINE std::vector<TokenId> end_tokens_of_gguf(const GgufMetadata& metadata) {
  std::vector<TokenId> out;
  for (const std::string_view name : {"eos", "eot", "eom"}) {
    const std::string key = concat("tokenizer.ggml.", name, "_token_id");
    std::optional<std::uint64_t> id = metadata.whole(key);
    if (!id && name == "eos" && metadata.text("tokenizer.ggml.model") == "llama") id = 2;
    if (!id) continue;
    if (*id > SizeRange{}.most) metadata.fail_at(key, concat("at most ", SizeRange{}.most), concat(*id));
    if (const auto token = static_cast<TokenId>(*id); std::find(out.begin(), out.end(), token) == out.end())
      out.push_back(token);
  }
  return out;
}

/// The end tokens of a GGUF file; or the union of the end tokens in three places: generation_config.json, the text model in
/// config.json, and the outermost object of config.json. These places may state different tokens, and each token ends some
/// texts.
MOE_INLINE std::vector<TokenId> end_tokens_of(const SpecReader& reader) {
  if (reader.is_gguf()) return end_tokens_of_gguf(reader.checkpoint().metadata());
  std::vector<TokenId> out;
  if (const Json generation = reader.checkpoint().generation_config())
    add_end_tokens(ValueSource(generation), out);
  add_end_tokens(reader.source().values(), out);
  add_end_tokens(ValueSource(reader.checkpoint().config()), out);
  return out;
}

/// Whether the embedding is also the matrix of the head. A GGUF file has no head then. Elsewhere the configuration of the text
/// model states the value, or else the objects of config.json around the text model, or else the family.
MOE_INLINE bool is_tied(const SpecReader& reader) {
  if (reader.is_gguf()) return !reader.names().find(Role::head);
  if (reader.has(keys::tied)) return reader.flag(keys::tied, false);
  // If several objects around the text model state the value, the innermost one of them decides.
  std::optional<ValueSource> around = ValueSource(reader.checkpoint().config());
  bool tied = reader.family().tied;
  for (const std::string_view member : reader.family().nested) {
    tied = around->flag("tie_word_embeddings", tied);
    if (member.empty()) break;
    if (!(around = around->object(member))) break;
  }
  return tied;
}

MOE_INLINE float read_norm_epsilon(const SpecReader& reader) {
  constexpr NumberRange range{0, 1};
  const std::string_view own = reader.family().norm_epsilon;
  const double usual = reader.defaults().norm_epsilon;
  if (!reader.is_gguf() && !own.empty() && reader.source().values().has(own))
    return static_cast<float>(reader.source().values().number(own, usual, range));
  return static_cast<float>(reader.number(keys::norm_epsilon, usual, range));
}

MOE_INLINE void read_multipliers(const SpecReader& reader, ModelSpec& out) {
  constexpr NumberRange range{0, 1e6};
  const Family& family = reader.family();
  if (family.root_multiplier) out.embedding_multiplier = std::sqrt(static_cast<float>(out.hidden_size));
  if (family.soft_cap)
    out.logit_soft_cap = static_cast<float>(
        reader.number(keys::logit_soft_cap, reader.is_gguf() ? family.soft_cap_in_gguf : 0, range));
  if (!family.multipliers) return;
  // In GGUF files 0 means that a number is not stated.
  const auto multiplier = [&](const Key& key) {
    const double stated = reader.number(key, 1, range);
    if (stated == 0 && reader.is_gguf()) return 1.0;
    // The reciprocal of a number near 0 is infinite as an f32.
    if (stated < 1e-6) reader.fail_at(key, "a number from 1e-06 to 1e+06", to_decimal(stated));
    return stated;
  };
  out.embedding_multiplier = static_cast<float>(multiplier(keys::embedding_multiplier));
  out.logit_multiplier = static_cast<float>(1 / multiplier(keys::logit_divisor));
  const auto residual = static_cast<float>(multiplier(keys::residual_multiplier));
  for (LayerSpec& layer : out.layers) layer.residual_multiplier = residual;
}

MOE_INLINE void read_model(const SpecReader& reader, ModelSpec& out) {
  const Family& family = reader.family();
  const FamilyDefaults& defaults = reader.defaults();
  out.family = family.model_type;
  out.vocabulary_size = reader.vocabulary();
  out.hidden_size = reader.required_size(keys::hidden, defaults.hidden, {.least = 1});
  out.max_positions = reader.required_size(keys::positions, defaults.positions, {.least = 1});
  out.norm = family.layer_norm ? ModelSpec::Norm::layer : ModelSpec::Norm::rms;
  out.norm_epsilon = read_norm_epsilon(reader);
  out.norm_offset = reader.is_gguf() ? 0 : family.norm_offset;
  out.tied_embeddings = is_tied(reader);
  if (family.layer_norm)
    out.head_bias = reader.is_gguf() ? reader.names().find(Role::head_bias) != nullptr
                                     : reader.flag(keys::head_bias, false);
  out.end_tokens = end_tokens_of(reader);
}

/// Layers of one model share most of their values, so these values are read once.
MOE_INLINE void read_layers(const SpecReader& reader, const std::vector<LayerKind>& kinds, ModelSpec& out) {
  const Family& family = reader.family();
  FeedForwardReader networks(reader, kinds);
  std::optional<AttentionReader> attention;
  std::optional<MixerSpec> latent, recurrent;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    LayerSpec& layer = out.layers.emplace_back();
    layer.post_norms = family.post_norms;
    layer.scaled = family.scaled_layers && (!reader.is_gguf() || reader.names().find(Role::layer_scale, i));
    if (kinds[i].mixer == LayerKind::Mixer::recurrent) {
      if (!recurrent) recurrent = read_recurrent(reader, i, out.hidden_size);
      layer.mixer = *recurrent;
    } else if (kinds[i].mixer == LayerKind::Mixer::attention && family.latent) {
      if (!latent) latent = read_latent_attention(reader, out.max_positions, out.norm_epsilon);
      layer.mixer = *latent;
    } else if (kinds[i].mixer == LayerKind::Mixer::attention) {
      if (!attention) attention.emplace(reader, out.hidden_size, out.max_positions);
      layer.mixer = attention->read(i, kinds[i].slides);
    }
    if (kinds[i].network != LayerKind::Network::none) layer.feed_forward = networks.read(i, kinds[i].network);
  }
}

MOE_INLINE ModelSpec read_model_spec(const ModelSource& source) {
  const SpecReader reader(source);
  ModelSpec out;
  refuse_missing_parts(reader);
  read_model(reader, out);
  const std::vector<LayerKind> kinds = layer_kinds(reader);
  read_layers(reader, kinds, out);
  read_multipliers(reader, out);
  refuse_unread_values(reader, kinds, out.max_positions);
  require_known_tensors(source, out);
  return out;
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE ModelSpec::ModelSpec(const Checkpoint& checkpoint)
    : ModelSpec(detail::read_model_spec(detail::ModelSource(checkpoint))) {}

MOE_INLINE std::size_t ModelSpec::experts() const {
  std::size_t out = 0;
  for (const LayerSpec& layer : layers)
    if (const RouterSpec* router = layer.router()) out = std::max(out, router->experts);
  return out;
}

MOE_INLINE std::size_t ModelSpec::experts_per_token() const {
  std::size_t out = 0;
  for (const LayerSpec& layer : layers)
    if (const RouterSpec* router = layer.router()) out = std::max(out, router->per_token);
  return out;
}

}  // namespace moe::inline MOE_ABI
