// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "layer_spec.hpp"
#include "rope_reader.hpp"
#include "spec_reader.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The heads of the attention of one layer.
struct LayerHeads {
  std::size_t heads, kv_heads, head_dim;
};

/// Reads the attention of layers.
class AttentionReader {
 public:
  AttentionReader(const SpecReader& reader, std::size_t hidden_size, std::size_t max_positions);

  /// slides: whether the layer has a window.
  AttentionSpec read(std::size_t layer, bool slides);

 private:
  /// The number of heads of keys. If the value of `key` is missing or null: `otherwise`, or `heads` if `otherwise` is 0.
  std::size_t kv_heads_of_config(std::size_t heads, const Key& key, std::size_t otherwise) const;

  LayerHeads heads_of_config(bool slides, std::size_t hidden_size) const;

  LayerHeads heads_of_gguf(std::size_t layer, bool slides) const;

  /// Reads per_layer_config, in which newer configurations of Gemma state the heads of single layers.
  void read_layer_values();

  AttentionSpec read_common();

  void read_biases_of_config(AttentionSpec& out) const;
  void read_biases_of_gguf(std::size_t layer, AttentionSpec& out) const;

  bool has_norms(std::size_t layer) const;

  bool has_positions() const;

  const RopeSpec& rope(bool slides, std::size_t head_dim);

  std::size_t window();

  const SpecReader& reader_;
  std::size_t hidden_size_, max_positions_;
  bool value_is_key_ = false;
  bool rotates_ = false;
  std::optional<std::size_t> window_ = {};
  std::optional<bool> has_norms_ = {};  // empty if the configuration does not state use_qk_norm
  double stated_scale_ = 0;
  AttentionSpec common_;                        // what all layers have in common
  LayerHeads heads_[2];                         // config.json: of layers without a window, and with a window
  std::map<std::size_t, LayerHeads> of_layer_;  // of the layers in per_layer_config
  std::vector<std::size_t> gguf_heads_, gguf_kv_heads_;
  std::optional<RopeParameters> rope_[2];                   // of layers without a window, and with a window
  std::map<std::pair<bool, std::size_t>, RopeSpec> ropes_;  // by window and width of a head
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "attention_reader.ipp"
#endif
