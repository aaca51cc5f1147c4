// SPDX-License-Identifier: MIT
// The sizes of a model, by kind of part.
#pragma once
#include <moe.hpp>

#include <array>
#include <cstdint>
#include <string_view>

/// Attention with heads. If some layers have a window, this describes the layers without a window.
struct AttentionShape {
  std::uint32_t heads = 0, kv_heads = 0, head_dim = 0;
  float theta = 1e6f;
  std::uint32_t rotated = 0;        // how many numbers of a head are rotated; 0: all
  std::uint32_t rotated_pairs = 0;  // pairs that rope_freqs leaves rotating; 0: no rope_freqs
  // Pairs for the positions in time, height and width, which are equal for text.
  std::array<std::uint32_t, 4> sections = {};
  float yarn_factor = 0;  // 0: no scaling
  std::uint32_t yarn_positions = 0;
  bool norms = true;  // of the heads of queries and keys
  bool input_bias = false, output_bias = false;
  bool sinks = false, output_gate = false;
  bool value_is_key = false;  // in layers without a window
};

/// Attention within a window. kv_heads or head_dim 0: the number of AttentionShape.
struct WindowShape {
  std::uint32_t size = 0;
  std::uint32_t kv_heads = 0, head_dim = 0;
  float theta = 1e4f;
};

struct LatentShape {
  std::uint32_t heads = 0, query_rank = 0, kv_rank = 0;
  std::uint32_t nope_dim = 0, rope_dim = 0, value_dim = 0;
  float theta = 1e6f;
};

struct DeltaNetShape {
  std::uint32_t key_heads = 0, value_heads = 0, head_dim = 0, kernel = 4;
  bool joint = false;  // beta and decay share a tensor
  std::uint32_t interval = 4;

  std::uint32_t value_size() const { return value_heads * head_dim; }
  std::uint32_t channels() const { return 2 * key_heads * head_dim + value_size(); }
};

struct MambaShape {
  std::uint32_t heads = 0, head_dim = 0, groups = 0, state = 0, kernel = 4;

  std::uint32_t inner_size() const { return heads * head_dim; }
  std::uint32_t channels() const { return inner_size() + 2 * groups * state; }
};

struct ExpertShape {
  std::uint32_t count = 0, per_token = 0, width = 0;
  bool gated = true, biases = false;
  moe::DType type = moe::DType::q4_0;  // unless an option names another type
};

struct RouterShape {
  enum class Score { softmax, softmax_of_chosen, sigmoid };
  Score score = Score::softmax;
  bool bias = false;
  float weight_scale = 0;  // of a sigmoid; 0: not stated
  bool own_norm = false;   // of its input, with a scale of each expert
};

/// The network beside the experts.
struct SharedShape {
  std::uint32_t width = 0;
  std::uint32_t count = 0;  // how many shared experts this network replaces; 0: not stated
  bool gate = false;
};

enum class Mixer : char {
  attention = 'A',
  window = 'W',
  latent = 'L',
  delta_net = 'D',
  mamba2 = 'M',
  convolution = 'C',
  none = 'E'  // the layer has experts only
};

/// The sizes of a model.
struct Shape {
  std::string_view name, architecture;
  std::uint32_t layers, hidden, vocabulary, positions;
  std::string_view pattern = "A";  // the mixers of the layers, repeated
  bool blocks = false;             // a layer has a mixer or experts, and one norm
  float epsilon = 1e-6f;
  bool tied = false;  // the embedding is the head
  bool post_norms = false;
  float soft_cap = 0;
  std::string_view ffn_norm = "ffn_norm", final_norm = "output_norm";

  AttentionShape attention = {};
  WindowShape window = {};
  LatentShape latent = {};
  DeltaNetShape delta_net = {};
  MambaShape mamba = {};
  std::uint32_t convolution_kernel = 0;

  ExpertShape experts = {};
  RouterShape router = {};
  SharedShape shared = {};
  std::uint32_t dense_width = 0, leading_dense = 0;
  bool dense_beside_experts = false;

  Mixer mixer(std::uint32_t layer) const { return static_cast<Mixer>(pattern[layer % pattern.size()]); }

  bool has_experts(std::uint32_t layer) const {
    return blocks ? mixer(layer) == Mixer::none : layer >= leading_dense;
  }
  bool has_dense_network(std::uint32_t layer) const {
    return !blocks && (layer < leading_dense || dense_beside_experts);
  }

  /// The heads of keys in a layer; 0 without attention.
  std::uint32_t kv_heads(std::uint32_t layer) const {
    if (mixer(layer) == Mixer::window && window.kv_heads > 0) return window.kv_heads;
    return mixer(layer) == Mixer::attention || mixer(layer) == Mixer::window ? attention.kv_heads : 0;
  }

  /// The width of a head of attention.
  std::uint32_t head_dim(std::uint32_t layer) const {
    return mixer(layer) == Mixer::window && window.head_dim > 0 ? window.head_dim : attention.head_dim;
  }

  /// The smallest number of first layers that include a layer with experts.
  std::uint32_t least_layers() const {
    std::uint32_t layer = 0;
    while (!has_experts(layer)) ++layer;
    return layer + 1;
  }

  /// Whether routes can be planted: the chosen experts have the largest logits, and the input of the router is the normalised
  /// residual stream.
  bool can_be_planted() const {
    return router.score != RouterShape::Score::sigmoid && !router.own_norm && !post_norms;
  }
};
