// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "rope_spec.hpp"

#include <cstddef>
#include <optional>
#include <variant>

namespace moe::inline MOE_ABI::detail {

/// The longest convolution of a recurrent mixer, in taps. Released models have 3 or 4.
inline constexpr std::size_t most_taps = 16;

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// Causal attention with heads: softmax(scale · q · k) · v, grouped-query.
struct AttentionSpec {
  std::size_t heads = 0;     // of queries
  std::size_t kv_heads = 0;  // each is shared by heads / kv_heads query heads
  std::size_t head_dim = 0;  // of queries, keys and values; need not be hidden_size / heads
  std::size_t window = 0;    // positions that a token attends to, its own included; 0: all
  float scale = 0;           // of the scores
  float clamp = 0;           // queries, keys and values are limited to ±clamp after their norms; 0: no limit
  bool sinks = false;        // each head has one more score without a value: the softmax's denominator grows

  /// The numbers that an RMS norm of queries and keys covers.
  enum class Norm { none, heads, projection };
  Norm query_key_norm = Norm::none;  // heads: an RMS norm of each head; projection: of the whole projection
  bool value_norm = false;           // an RMS norm of each head of the values, without a weight
  bool value_is_key = false;         // the values are the projection of the keys, before norm and rotation
  // The result is multiplied by sigmoid(gate). The query projection is [heads, 2, head_dim]: query and gate of each head.
  bool output_gate = false;

  bool input_bias = false;         // of the projections of queries, keys and values
  bool output_bias = false;        // of the output projection
  bool bias_where_stored = false;  // a bias that the checkpoint does not have is left out

  std::optional<RopeSpec> rope = {};  // empty: no positions

  /// The numbers of all queries of a position.
  std::size_t query_size() const { return heads * head_dim; }
  /// The numbers of all keys, or of all values, of a position.
  std::size_t kv_size() const { return kv_heads * head_dim; }

  bool operator==(const AttentionSpec&) const = default;
};

/// Multi-head latent attention (DeepSeek-V2): keys and values of all heads are products of one latent vector per position.
struct LatentAttentionSpec {
  std::size_t heads = 0;       // of queries, keys and values
  std::size_t query_rank = 0;  // of the low-rank query projection; 0: one full projection
  std::size_t kv_rank = 0;     // the width of the latent
  std::size_t nope_dim = 0;    // of a head of queries and keys: the part without positions
  std::size_t rope_dim = 0;    // the part with positions, which all heads of keys share
  std::size_t value_dim = 0;   // of a head of values
  float scale = 0;             // of the scores
  float norm_epsilon = 0;      // of the norms of the latents
  RopeSpec rope;               // of rope_dim / 2 pairs

  /// The numbers of all queries of a position.
  std::size_t query_size() const { return heads * (nope_dim + rope_dim); }
  std::size_t row_size() const { return kv_rank + rope_dim; }  // numbers that are kept for each position

  bool operator==(const LatentAttentionSpec&) const = default;
};

/// A gated delta net: linear attention with a matrix of state for each value head.
/// Source: Yang et al. 2024 (arXiv 2412.06464); Qwen3NextGatedDeltaNet in transformers.
struct DeltaNetSpec {
  std::size_t key_heads = 0, value_heads = 0;  // each key head serves value_heads / key_heads value heads
  std::size_t key_dim = 0, value_dim = 0;      // of a head
  std::size_t kernel = 0;                      // taps of the convolution
  // Value head j reads key head j mod key_heads, in place of j div (value heads / key heads).
  bool tiled_heads = false;
  bool decay_is_log = true;  // the decay is stored as log(a), in place of −a

  /// The width of the convolution: queries, keys and values of all heads.
  std::size_t channels() const { return 2 * key_heads * key_dim + value_heads * value_dim; }
  /// The numbers of the values of all heads.
  std::size_t value_size() const { return value_heads * value_dim; }

  bool operator==(const DeltaNetSpec&) const = default;
};

/// A Mamba-2 mixer. Source: Dao and Gu 2024 (arXiv 2405.21060); NemotronHMamba2Mixer in transformers.
struct Mamba2Spec {
  std::size_t heads = 0, head_dim = 0;                     // heads, and the width of each
  std::size_t groups = 0;                                  // of heads that share B and C
  std::size_t state = 0;                                   // the width of B and C
  std::size_t kernel = 0;                                  // taps of the convolution
  bool convolution_bias = false, projection_bias = false;  // whether there are these biases
  bool grouped_norm = false;               // the gated norm has a mean for each group in place of one mean
  bool decay_is_log = true;                // the decay is stored as log(a), in place of −a
  float least_step = 0, largest_step = 0;  // limits of the time step after softplus; largest 0: no limits

  /// The width of the result of all heads.
  std::size_t inner_size() const { return heads * head_dim; }
  /// The width of the convolution: inputs of all heads, B and C.
  std::size_t channels() const { return inner_size() + 2 * groups * state; }

  bool operator==(const Mamba2Spec&) const = default;
};

/// A gated short convolution (LFM2).
struct ShortConvolutionSpec {
  std::size_t kernel = 0;  // taps of the convolution
  bool bias = false;       // of both projections and of the convolution

  bool operator==(const ShortConvolutionSpec&) const = default;
};

/// A layer without a mixer, which has a feed-forward part only.
struct NoMixer {
  bool operator==(const NoMixer&) const = default;
};

using MixerSpec =
    std::variant<NoMixer, AttentionSpec, LatentAttentionSpec, DeltaNetSpec, Mamba2Spec, ShortConvolutionSpec>;

/// silu           silu(gate) · up
/// gelu           gelu(gate) · up, with the tanh form of gelu
/// clamped_silu   min(gate, limit) · sigmoid(1.702 · min(gate, limit)) · (clamp(up, ±limit) + 1)     (gpt-oss)
/// relu_squared   relu(up)²: a network of two matrices, without gate
enum class Activation { silu, gelu, clamped_silu, relu_squared };

/// A feed-forward network: down · activation(gate · x, up · x).
struct NetworkSpec {
  std::size_t width = 0;                     // of the intermediate result
  Activation activation = Activation::silu;  // between the products
  bool biases = false;                       // of all products
  float limit = 0;                           // of clamped_silu

  /// Whether there is a gate: a third matrix.
  bool gated() const { return activation != Activation::relu_squared; }

  bool operator==(const NetworkSpec&) const = default;
};

/// How the experts of a token are chosen and weighted. `logits` are router · x (+ bias).
struct RouterSpec {
  std::size_t experts = 0;    // of the layer
  std::size_t per_token = 0;  // experts that are chosen for a token

  /// softmax             over all experts, then the largest
  /// softmax_of_chosen   the largest logits, then a softmax over these
  /// sigmoid             of each logit, then the largest
  /// sparsemixer         two experts, each with a softmax over the logits near the largest one (PhiMoE)
  enum class Score { softmax, softmax_of_chosen, sigmoid, sparsemixer };
  Score score = Score::softmax;  // from logits to scores

  bool bias = false;            // added to the logits
  bool selection_bias = false;  // added to the scores for the choice only, not for the weights
  static constexpr std::size_t most_groups = 64;  // the largest number of groups
  std::size_t groups = 1;       // of consecutive experts; only the experts of the best groups can be chosen
  std::size_t groups_kept = 1;  // the number of best groups
  // The score of a group: the sum of its two largest scores in place of the largest one.
  bool group_score_is_sum = false;

  bool normalise = false;       // the weights are divided by their sum
  float normalise_epsilon = 0;  // added to this sum
  float scale = 1;              // factor of the weights
  float jitter = 0;             // of the sparsemixer
  // The input of the router is the RMS norm of the residual stream, times a stored vector [hidden] / sqrt(hidden).
  bool own_norm = false;
  bool per_expert_scale = false;  // each weight is multiplied by a stored factor of its expert

  bool operator==(const RouterSpec&) const = default;
};

/// A network that every token takes, beside the experts.
struct AlwaysOnSpec {
  NetworkSpec network;     // all shared experts together
  bool gate = false;       // its result is multiplied by sigmoid(stored vector · x)
  bool own_norms = false;  // experts and this network have norms of their own before and after (Gemma 4)

  bool operator==(const AlwaysOnSpec&) const = default;
};

/// The second part of a layer. Without a router, `network` serves every token.
struct FeedForwardSpec {
  NetworkSpec network;                         // of each expert
  std::optional<RouterSpec> router = {};       // empty: a dense layer
  std::optional<AlwaysOnSpec> always_on = {};  // empty: only the chosen experts
  std::size_t latent_size = 0;  // experts work on a projection of this width; 0: on the hidden size

  bool operator==(const FeedForwardSpec&) const = default;
};

/// A layer: a mixer and a feed-forward part, whose results are added to the residual stream.
struct LayerSpec {
  MixerSpec mixer;                                   // the first part
  std::optional<FeedForwardSpec> feed_forward = {};  // the second part; empty: the layer has a mixer only
  bool post_norms = false;                           // a norm of the result of each part, before it is added
  bool scaled = false;            // the residual stream is multiplied by a stored number at the end
  float residual_multiplier = 1;  // of the result of each part

  /// The router; null in a layer without experts.
  const RouterSpec* router() const {
    return feed_forward && feed_forward->router ? &*feed_forward->router : nullptr;
  }

  bool operator==(const LayerSpec&) const = default;
};

}  // namespace moe::inline MOE_ABI
