// SPDX-License-Identifier: MIT
#pragma once
#include "attention_reader.hpp"
#include "../core/concat.hpp"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE AttentionReader::AttentionReader(const SpecReader& reader, std::size_t hidden_size,
                                            std::size_t max_positions)
    : reader_(reader), hidden_size_(hidden_size), max_positions_(max_positions) {
  const Family& family = reader.family();
  common_ = read_common();
  value_is_key_ = family.kinds_differ && reader.flag(keys::value_is_key, false);
  if (family.stated_scale)
    stated_scale_ = reader.number(keys::attention_scale, reader.is_gguf() ? 0 : 1, {0, 1e6});
  if (reader.is_gguf()) {
    gguf_heads_ = reader.sizes_of_layers(keys::heads, 0);
    if (!reader.has(keys::heads)) reader.fail_at(keys::heads, "to be there", "nothing");
    gguf_kv_heads_ = reader.has(keys::kv_heads) ? reader.sizes_of_layers(keys::kv_heads, 0) : gguf_heads_;
  } else {
    for (const bool slides : {false, true}) heads_[slides] = heads_of_config(slides, hidden_size);
    read_layer_values();
  }
  rotates_ = has_positions();
}

MOE_INLINE AttentionSpec AttentionReader::read(std::size_t layer, bool slides) {
  const Family& family = reader_.family();
  const auto own = of_layer_.find(layer);
  const LayerHeads size = reader_.is_gguf()        ? heads_of_gguf(layer, slides)
                          : own != of_layer_.end() ? own->second
                                                   : heads_[slides];
  AttentionSpec out = common_;
  out.heads = size.heads;
  out.kv_heads = size.kv_heads;
  out.head_dim = size.head_dim;
  out.window = slides ? window() : 0;
  out.scale = static_cast<float>(family.unscaled      ? 1
                                 : stated_scale_ != 0 ? stated_scale_
                                                      : 1 / std::sqrt(static_cast<double>(size.head_dim)));
  if (family.optional_norm && !has_norms(layer)) out.query_key_norm = AttentionSpec::Norm::none;
  if (family.kinds_differ)
    out.value_is_key = (value_is_key_ && !slides) ||
                       (reader_.names().find(Role::key, layer) && !reader_.names().find(Role::value, layer));
  if (reader_.is_gguf()) read_biases_of_gguf(layer, out);
  if (rotates_) out.rope = rope(slides, size.head_dim);
  return out;
}

MOE_INLINE std::size_t AttentionReader::kv_heads_of_config(std::size_t heads, const Key& key,
                                                           std::size_t otherwise) const {
  const std::size_t out = reader_.size(key, otherwise == 0 ? heads : otherwise, {.least = 1, .most = heads});
  if (heads % out != 0) reader_.fail_at(key, concat("a divisor of ", heads), concat(out));
  return out;
}

MOE_INLINE LayerHeads AttentionReader::heads_of_config(bool slides, std::size_t hidden_size) const {
  const FamilyDefaults& defaults = reader_.defaults();
  const bool differs = reader_.family().kinds_differ && !slides && !reader_.has(keys::layer_values);
  const std::size_t heads = reader_.size(keys::heads, defaults.heads, {.least = 1});
  const std::size_t usual_kv = reader_.is_null(keys::kv_heads) ? heads : defaults.kv_heads;
  std::size_t kv_heads = kv_heads_of_config(heads, keys::kv_heads, usual_kv);
  if (differs && value_is_key_) kv_heads = kv_heads_of_config(heads, keys::full_kv_heads, kv_heads);
  const bool stated_none = reader_.is_null(keys::head_dim);
  const std::size_t usual_dim =
      defaults.head_dim > 0 && !stated_none ? defaults.head_dim : hidden_size / heads;
  const std::size_t head_dim =
      differs ? reader_.size(keys::full_head_dim, reader_.family().full_head_dim, reader_.width_range(1))
              : reader_.size(keys::head_dim, usual_dim, reader_.width_range(1));
  return {heads, kv_heads, head_dim};
}

MOE_INLINE LayerHeads AttentionReader::heads_of_gguf(std::size_t layer, bool slides) const {
  const bool differs = reader_.family().kinds_differ && slides;
  const std::size_t heads = gguf_heads_[layer], kv_heads = gguf_kv_heads_[layer];
  if (heads == 0) reader_.fail_at(keys::heads, "at least 1", concat("0 in layer ", layer));
  if (kv_heads == 0 || kv_heads > heads || heads % kv_heads != 0)
    reader_.fail_at(keys::kv_heads, concat("a divisor of ", heads), concat(kv_heads, " in layer ", layer));
  const std::size_t usual = reader_.size(keys::head_dim, hidden_size_ / heads, reader_.width_range(1));
  const std::size_t out =
      differs ? reader_.size(keys::window_head_dim, usual, reader_.width_range(1)) : usual;
  const Key& value_key = differs ? keys::window_value_dim : keys::value_dim;
  if (const std::size_t value = reader_.size(value_key, out); value != out)
    reader_.fail_at(value_key, concat(out, ", the width of keys"), concat(value));
  return {heads, kv_heads, out};
}

MOE_INLINE void AttentionReader::read_layer_values() {
  if (!reader_.family().kinds_differ || !reader_.has(keys::layer_values)) return;
  const auto layers = reader_.source().values().object(reader_.name_of(keys::layer_values));
  for (const auto& [name, values] : layers->objects()) {
    std::size_t layer = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), layer);
    if (name.empty() || error != std::errc() || end != name.data() + name.size())
      layers->fail_at(name, "the number of a layer as its name", name);
    for (const std::string& key : values.names())
      if (key != "head_dim" && key != "num_key_value_heads")
        values.fail_at(key, "head_dim or num_key_value_heads as the name of a value of a layer", key);
    LayerHeads out = heads_[true];
    out.head_dim = values.size("head_dim", out.head_dim, reader_.width_range(1));
    out.kv_heads = values.size("num_key_value_heads", out.kv_heads, {.least = 1, .most = out.heads});
    if (out.heads % out.kv_heads != 0)
      values.fail_at("num_key_value_heads", concat("a divisor of ", out.heads), concat(out.kv_heads));
    of_layer_.emplace(layer, out);
  }
}

MOE_INLINE AttentionSpec AttentionReader::read_common() {
  const Family& family = reader_.family();
  AttentionSpec out;
  out.query_key_norm = family.query_key_norm;
  out.value_norm = family.value_norm;
  out.output_gate = family.output_gate;
  out.sinks = family.sinks;
  if (family.clamped) out.clamp = static_cast<float>(reader_.number(keys::attention_clamp, 0, {0, 1e9}));
  if (family.output_gate && !reader_.flag(keys::output_gate, true))
    reader_.fail_at(keys::output_gate, "true", "false");
  if (family.query_key_norm != AttentionSpec::Norm::none && !family.optional_norm &&
      !reader_.flag(keys::query_key_norm, true))
    reader_.fail_at(keys::query_key_norm, "true", "false");
  if (family.optional_norm) {
    (void)reader_.one_of(keys::query_key_norm_kind, {"per_layer"});
    if (reader_.has(keys::query_key_norm)) has_norms_ = reader_.flag(keys::query_key_norm, true);
  }
  if (!reader_.is_gguf()) read_biases_of_config(out);
  return out;
}

MOE_INLINE void AttentionReader::read_biases_of_config(AttentionSpec& out) const {
  using Bias = Family::Bias;
  const Family& family = reader_.family();
  if (family.bias == Bias::none) return;
  const bool biased =
      reader_.flag(family.bias == Bias::qkv ? keys::input_bias : keys::attention_bias, family.biased);
  out.input_bias = biased;
  out.output_bias = biased && family.bias == Bias::stated;
}

MOE_INLINE void AttentionReader::read_biases_of_gguf(std::size_t layer, AttentionSpec& out) const {
  for (const Role role : {Role::query_bias, Role::key_bias, Role::value_bias, Role::query_key_value_bias})
    out.input_bias = out.input_bias || reader_.names().find(role, layer);
  out.output_bias = reader_.names().find(Role::output_bias, layer) != nullptr;
  out.bias_where_stored = out.input_bias || out.output_bias;
}

MOE_INLINE bool AttentionReader::has_norms(std::size_t layer) const {
  return has_norms_ ? *has_norms_ : reader_.names().find(Role::query_norm, layer) != nullptr;
}

MOE_INLINE bool AttentionReader::has_positions() const {
  using Positions = Family::Positions;
  const Positions positions = reader_.family().positions;
  if (positions == Positions::rope || positions == Positions::none) return positions == Positions::rope;
  if (reader_.is_gguf()) return reader_.flag(keys::has_positions, true);
  if (positions == Positions::stated_in_gguf) return true;
  return reader_.one_of(keys::position_kind, {"nope", "rope"}) == "rope";
}

MOE_INLINE const RopeSpec& AttentionReader::rope(bool slides, std::size_t head_dim) {
  const auto [at, is_new] = ropes_.try_emplace({slides, head_dim});
  if (!is_new) return at->second;
  if (!rope_[slides]) rope_[slides] = read_rope(reader_, slides, max_positions_);
  at->second = make_rope(reader_, *rope_[slides], head_dim);
  return at->second;
}

MOE_INLINE std::size_t AttentionReader::window() {
  if (!window_) window_ = reader_.size(keys::window, reader_.defaults().window, {.least = 1});
  return *window_;
}

}  // namespace moe::inline MOE_ABI::detail
