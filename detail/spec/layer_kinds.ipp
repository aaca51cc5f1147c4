// SPDX-License-Identifier: MIT
#pragma once
#include "layer_kinds.hpp"
#include "../core/concat.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

using LayerKinds = std::vector<LayerKind>;
using MixerPattern = Family::Pattern;

MOE_INLINE std::string attention_words(const Family& family) {
  std::string out = "full_attention";
  if (family.may_slide()) out += " or sliding_attention";
  if (family.recurrent == Family::Recurrent::none) return out;
  const bool convolves = family.recurrent == Family::Recurrent::short_convolution;
  return out + " or linear_attention or " + (convolves ? "conv" : "mamba");
}

/// The kind that a word of layer_types names. Older families have other words for the same kinds.
MOE_INLINE LayerKind kind_of_word(const SpecReader& reader, std::string_view word) {
  const Family& family = reader.family();
  const bool convolves = family.recurrent == Family::Recurrent::short_convolution;
  if (word == "full_attention" || word == "attention") return {};
  if (word == "sliding_attention" && family.may_slide()) return {.slides = true};
  const bool recurrent = word == "linear_attention" || word == (convolves ? "conv" : "mamba");
  if (!recurrent || family.recurrent == Family::Recurrent::none)
    reader.fail_at(keys::layer_types, attention_words(family), word);
  return {.mixer = LayerKind::Mixer::recurrent};
}

/// The mixers that layer_types lists; empty without a list.
MOE_INLINE LayerKinds listed_mixers(const SpecReader& reader) {
  LayerKinds out;
  for (const std::string& word : reader.texts(keys::layer_types)) out.push_back(kind_of_word(reader, word));
  if (out.empty()) return out;
  if (out.size() < reader.layers())
    reader.fail_at(keys::layer_types, concat("a word for each of ", reader.layers(), " layers"),
                   concat(out.size(), " words"));
  out.resize(reader.layers());
  return out;
}

/// Whether windows are in use. The configuration can switch windows off by use_sliding_window, or by a window of null or 0.
MOE_INLINE bool windows_are_on(const SpecReader& reader) {
  const MixerPattern pattern = reader.family().pattern;
  const bool optional = pattern == MixerPattern::optional_window ||
                        pattern == MixerPattern::even_lower_windows || pattern == MixerPattern::upper_windows;
  const bool stated = !reader.is_null(keys::window);
  if (optional && !reader.flag(keys::use_window, false)) return false;
  if (!stated) return false;
  return reader.size(keys::window, reader.defaults().window) > 0;
}

/// The mixers of a family whose layers all have attention, by the pattern of the family.
MOE_INLINE LayerKinds mixers_with_windows(const SpecReader& reader) {
  LayerKinds out(reader.layers());
  const MixerPattern pattern = reader.family().pattern;
  const bool even_lower = pattern == MixerPattern::even_lower_windows;
  const bool bounded = even_lower || pattern == MixerPattern::upper_windows;
  const std::size_t bound = bounded ? reader.size(keys::first_window, 28) : 0;
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i].slides = pattern == MixerPattern::alternating   ? i % 2 == 0
                    : pattern == MixerPattern::last_of_six ? (i + 1) % 6 != 0
                    : even_lower                           ? i % 2 == 0 && i < bound
                                                           : i >= bound;
  return out;
}

/// GGUF files have a list that states for each layer whether it has a window, or a period n: each n-th layer has no window.
MOE_INLINE void read_window_pattern(const SpecReader& reader, LayerKinds& out) {
  if (!reader.has(keys::window_pattern)) return;
  if (!reader.is_list(keys::window_pattern)) {
    const std::size_t period = reader.size(keys::window_pattern, 1, {.least = 1});
    for (std::size_t i = 0; i < out.size(); ++i) out[i].slides = (i + 1) % period != 0;
    return;
  }
  const std::vector<bool> slides = reader.flags(keys::window_pattern);
  if (slides.size() < out.size())
    reader.fail_at(keys::window_pattern, concat("an element for each of ", out.size(), " layers"),
                   concat(slides.size(), " elements"));
  for (std::size_t i = 0; i < out.size(); ++i) out[i].slides = slides[i];
}

/// The mixers of a family with attention in each n-th layer. GGUF files may list the layers with a recurrent mixer instead.
MOE_INLINE LayerKinds mixers_with_interval(const SpecReader& reader) {
  LayerKinds out(reader.layers());
  const std::size_t interval = reader.size(keys::attention_interval, 4, {.least = 1});
  const std::vector<bool> recurrent = reader.flags(keys::recurrent_layers);
  if (!recurrent.empty() && recurrent.size() < out.size())
    reader.fail_at(keys::recurrent_layers, concat("an element for each of ", out.size(), " layers"),
                   concat(recurrent.size(), " elements"));
  for (std::size_t i = 0; i < out.size(); ++i)
    if (recurrent.empty() ? (i + 1) % interval != 0 : recurrent[i])
      out[i].mixer = LayerKind::Mixer::recurrent;
  return out;
}

/// GGUF files of hybrid models state 0 heads of keys for layers without attention.
MOE_INLINE LayerKinds mixers_by_heads(const SpecReader& reader) {
  LayerKinds out(reader.layers());
  const std::vector<std::size_t> heads = reader.sizes_of_layers(keys::kv_heads, 1);
  for (std::size_t i = 0; i < out.size(); ++i)
    if (heads[i] == 0) out[i].mixer = LayerKind::Mixer::recurrent;
  return out;
}

/// Layers that full_attn_idxs lists have attention.
MOE_INLINE LayerKinds mixers_by_list(const SpecReader& reader) {
  if (!reader.has(keys::attention_layers)) reader.fail_at(keys::layer_types, "a list", "none");
  LayerKinds out(reader.layers(), {.mixer = LayerKind::Mixer::recurrent});
  for (const std::size_t layer : reader.sizes(keys::attention_layers))
    if (layer < out.size()) out[layer].mixer = LayerKind::Mixer::attention;
  return out;
}

MOE_INLINE LayerKinds mixers_of(const SpecReader& reader) {
  const MixerPattern pattern = reader.family().pattern;
  LayerKinds out = listed_mixers(reader);
  const bool listed = !out.empty();
  if (pattern == MixerPattern::interval && !listed) return mixers_with_interval(reader);
  if (pattern == MixerPattern::recurrent || pattern == MixerPattern::listed) {
    if (listed) return out;
    if (reader.is_gguf()) return mixers_by_heads(reader);
    return pattern == MixerPattern::listed
               ? mixers_by_list(reader)
               : LayerKinds(reader.layers(), {.mixer = LayerKind::Mixer::recurrent});
  }
  if (!reader.family().may_slide()) return listed ? out : LayerKinds(reader.layers());
  if (!windows_are_on(reader)) return LayerKinds(reader.layers());
  if (!listed) out = mixers_with_windows(reader);
  read_window_pattern(reader, out);
  if (pattern == MixerPattern::last_of_six && !reader.is_gguf()) out.back().slides = false;
  return out;
}

/// The kind of a block that a letter of a pattern such as `M*-E`, or a word of a list, names. A block has a mixer or a network.
MOE_INLINE LayerKind kind_of_block(const SpecReader& reader, const Key& key, std::string_view word) {
  using Mixer = LayerKind::Mixer;
  using Network = LayerKind::Network;
  if (word == "M" || word == "mamba" || word == "linear_attention")
    return {.mixer = Mixer::recurrent, .network = Network::none};
  if (word == "*" || word == "attention" || word == "full_attention") return {.network = Network::none};
  if (word == "E" || word == "moe") return {.mixer = Mixer::none, .network = Network::experts};
  if (word == "-" || word == "mlp") return {.mixer = Mixer::none};
  reader.fail_at(key, "blocks M, *, E and -, or mamba, attention, moe and mlp", word);
}

/// The blocks of a GGUF file: attention if the block has heads of keys, a network if it has a width, else a recurrent mixer.
MOE_INLINE LayerKinds blocks_by_sizes(const SpecReader& reader) {
  LayerKinds out(reader.layers());
  const std::vector<std::size_t> heads = reader.sizes_of_layers(keys::kv_heads, 1);
  const std::vector<std::size_t> widths = reader.sizes_of_layers(keys::width, 0);
  const bool experts = reader.size(keys::experts, 0) > 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (heads[i] > 0) out[i].network = LayerKind::Network::none;
    if (heads[i] > 0) continue;
    out[i].mixer = widths[i] > 0 ? LayerKind::Mixer::none : LayerKind::Mixer::recurrent;
    out[i].network = widths[i] == 0 ? LayerKind::Network::none
                     : experts && reader.names().find(Role::router, i) != nullptr
                         ? LayerKind::Network::experts
                         : LayerKind::Network::dense;
  }
  return out;
}

/// The blocks of the pattern or of the list; ModelSource::count_layers() counts the same blocks.
MOE_INLINE LayerKinds blocks_of(const SpecReader& reader) {
  if (reader.is_gguf()) return blocks_by_sizes(reader);
  LayerKinds out;
  const std::string pattern = reader.text(keys::block_pattern, "");
  for (const char block : pattern)
    out.push_back(kind_of_block(reader, keys::block_pattern, std::string_view(&block, 1)));
  if (out.empty())
    for (const std::string& word : reader.texts(keys::block_types))
      out.push_back(kind_of_block(reader, keys::block_types, word));
  if (out.empty()) reader.fail_at(keys::block_pattern, "a pattern of blocks", "none");
  return out;
}

/// The number of experts that a GGUF file states. Some architectures include models without experts.
MOE_INLINE std::size_t experts_in_gguf(const SpecReader& reader) {
  const Family& family = reader.family();
  const bool optional = family.sparse == Family::Sparse::if_enabled || family.shared_alone;
  if (!family.has_experts()) return 0;
  return optional ? reader.size(keys::experts, 0) : reader.required_size(keys::experts, 0);
}

/// In GGUF files, layers after the leading dense ones have experts; if the number of leading dense layers is not stated, the
/// layers with a router have experts.
MOE_INLINE void read_networks_of_gguf(const SpecReader& reader, LayerKinds& out) {
  if (experts_in_gguf(reader) == 0) return;
  const bool leading = reader.has(keys::leading_dense);
  const std::size_t first = reader.size(keys::leading_dense, 0);
  for (std::size_t i = first; i < out.size(); ++i)
    if (leading || reader.names().find(Role::router, i)) out[i].network = LayerKind::Network::experts;
}

MOE_INLINE void read_network_types(const SpecReader& reader, LayerKinds& out) {
  const std::vector<std::string> words = reader.texts(keys::network_types);
  if (words.size() < out.size())
    reader.fail_at(keys::network_types, concat("a word for each of ", out.size(), " layers"),
                   concat(words.size(), " words"));
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (words[i] != "sparse" && words[i] != "dense")
      reader.fail_at(keys::network_types, "dense or sparse", words[i]);
    out[i].network = words[i] == "sparse" ? LayerKind::Network::experts : LayerKind::Network::dense;
  }
}

MOE_INLINE void read_networks(const SpecReader& reader, LayerKinds& out) {
  const Family& family = reader.family();
  if (family.sparse == Family::Sparse::none || reader.size(keys::experts, reader.defaults().experts) == 0)
    return;
  if (family.sparse == Family::Sparse::if_enabled && !reader.flag(keys::expert_block, false)) return;
  if (reader.has(keys::network_types)) return read_network_types(reader, out);
  const bool steps = family.sparse == Family::Sparse::steps,
             after = family.sparse == Family::Sparse::after_leading;
  const std::size_t step = steps ? reader.size(keys::sparse_step, 1, {.least = 1}) : 1;
  const std::size_t first =
      after ? reader.size(keys::leading_dense, reader.defaults().leading_dense) : std::size_t{0};
  for (std::size_t i = first; i < out.size(); ++i)
    if ((i + 1) % step == 0) out[i].network = LayerKind::Network::experts;
  if (!steps) return;
  for (const std::size_t dense : reader.sizes(keys::dense_layers))
    if (dense < out.size()) out[dense].network = LayerKind::Network::dense;
}

MOE_INLINE std::vector<LayerKind> layer_kinds(const SpecReader& reader) {
  if (reader.family().pattern == MixerPattern::blocks) return blocks_of(reader);
  LayerKinds out = mixers_of(reader);
  if (reader.is_gguf()) {
    read_networks_of_gguf(reader, out);
  } else {
    read_networks(reader, out);
  }
  return out;
}

}  // namespace moe::inline MOE_ABI::detail
