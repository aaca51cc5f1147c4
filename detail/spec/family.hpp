// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "layer_spec.hpp"
#include "tensor_role.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// The names of one role, without the prefix of the model or of a layer. `*` stands for the number of an expert. Empty: none.
struct RoleNames {
  Role role;
  std::string_view hugging_face, gguf;
};

/// The values of keys that a config.json may omit. GGUF files state most of these values.
struct FamilyDefaults {
  std::size_t vocabulary, hidden, layers, positions;
  std::size_t heads, kv_heads, head_dim;  // kv_heads 0: as heads; head_dim 0: hidden / heads
  std::size_t width, expert_width, experts, per_token;
  std::size_t shared = 0;  // the width of the shared network, or the number of shared experts
  double norm_epsilon = 1e-6, theta = 1e4;
  std::size_t leading_dense = 0;
  std::size_t window = 0;
};

struct LatentDefaults {
  std::size_t query_rank, kv_rank, nope_dim, rope_dim, value_dim;
};

struct RecurrentDefaults {
  std::size_t key_heads, value_heads, key_dim, value_dim;  // of a delta net
  std::size_t heads, head_dim, state, groups;              // of Mamba-2; head_dim 0: from the expansion
  std::size_t kernel;
};

/// One family of models, as data. Readers use only these values; no reader compares the names of families. For members without
/// a comment see layer_spec.hpp and model_spec.hpp.
struct Family {
  std::string_view model_type;           // in config.json
  std::string_view other_types[2] = {};  // further values of model_type: of the text model, or of a variant
  std::string_view nested[2] = {};       // the members of config.json that lead to the text model
  // A config.json without model_type is of this family if it has an object with this name.
  std::string_view untyped_member = {};
  std::string_view architectures[2] = {};  // in GGUF files; empty: the family has none

  /// Names that differ from the usual ones. Several rows of one role are alternatives: the first tensor that exists counts.
  std::span<const RoleNames> names = {}, more_names = {};

  /// The name of the epsilon of norms in config.json, if other names can stand beside it.
  std::string_view norm_epsilon = {};

  const FamilyDefaults* defaults;
  const LatentDefaults* latent = nullptr;  // null: no latent attention
  const RecurrentDefaults* recurrent_defaults = nullptr;

  // The mixers of layers

  /// The rule that gives each layer its mixer, for checkpoints without a list of mixers.
  ///   full               attention to all positions
  ///   no_window          attention to all positions; windows of the configuration are ignored
  ///   window             attention within sliding_window, if there is one
  ///   optional_window    attention within sliding_window, if use_sliding_window is true
  ///   even_lower_windows as optional_window, but only in even layers below max_window_layers
  ///   upper_windows      as optional_window, but only in layers from max_window_layers on
  ///   alternating        attention within the window in even layers, to all positions in odd layers
  ///   last_of_six        attention to all positions in each sixth layer and in the last one, else within the window
  ///   interval           attention in each full_attention_interval-th layer, else a recurrent mixer
  ///   recurrent          a recurrent mixer in all layers
  ///   listed             none: a checkpoint without a list is refused
  ///   blocks             none: a pattern must name the part, a mixer or a network, of each block
  enum class Pattern {
    full,
    no_window,
    window,
    optional_window,
    even_lower_windows,
    upper_windows,
    alternating,
    last_of_six,
    interval,
    recurrent,
    listed,
    blocks
  };
  Pattern pattern = Pattern::full;

  enum class Recurrent { none, delta_net, mamba2, short_convolution };
  Recurrent recurrent = Recurrent::none;
  bool tiled_in_gguf = false;  // value heads of delta nets are reordered in GGUF files
  bool grouped_norm = false;   // of Mamba-2, in checkpoints of Hugging Face

  // Attention

  /// Which projections have a bias in checkpoints of Hugging Face.
  ///   stated         all four projections, if attention_bias is true
  ///   stated_input   the projections of queries, keys and values, if attention_bias is true
  ///   qkv            the projections of queries, keys and values, if qkv_bias is true
  enum class Bias { none, stated, stated_input, qkv };
  Bias bias = Bias::none;
  bool biased = false;  // the default of attention_bias or qkv_bias
  AttentionSpec::Norm query_key_norm = AttentionSpec::Norm::none;
  // Whether the key use_qk_norm states that there are norms. Without this key, there are norms if their tensors exist.
  bool optional_norm = false;
  bool sinks = false;
  bool output_gate = false;
  bool value_norm = false;
  bool unscaled = false;      // scores have no factor 1 / sqrt(head_dim)
  bool stated_scale = false;  // the factor is attention_multiplier
  bool clamped = false;
  // Layers with a window and layers without one differ in the number, the width and the positions of heads.
  bool kinds_differ = false;

  // Positions

  /// Whether attention has rotary positions.
  ///   stated           as position_embedding_type of config.json, or rope.scaling.finetuned of a GGUF file, states
  ///   stated_in_gguf   as rope.scaling.finetuned states in GGUF files; always in checkpoints of Hugging Face
  enum class Positions { rope, none, stated, stated_in_gguf };
  Positions positions = Positions::rope;
  // The share of a head that is rotated. If it is less than 1, the configuration may state another share.
  double rotated = 1;
  bool neighbours_in_gguf = false;  // rows of queries and keys are permuted in GGUF files
  double yarn_factor = 0;           // of a configuration without rope_scaling; 0: no scaling
  double yarn_positions = 0;        // the original context of this scaling
  // Whether the limits of YaRN's ramp are rounded in GGUF files, and in configurations without rope_scaling.
  bool yarn_truncates = true;
  std::size_t full_head_dim = 0;  // kinds_differ: of heads without a window
  double full_theta = 0;          // kinds_differ: of heads without a window
  double proportional = 0;  // the rotated share of the pairs of a head without a window; 0: as other heads

  // Feed-forward networks

  /// Which layers have experts.
  ///   steps           each decoder_sparse_step-th layer that mlp_only_layers does not list
  ///   after_leading   the layers after the leading dense ones
  ///   if_enabled      all layers, if enable_moe_block is true
  ///   blocks          the layers that the pattern of blocks names
  enum class Sparse { none, all, steps, after_leading, if_enabled, blocks };
  Sparse sparse = Sparse::none;
  Activation activation = Activation::silu;
  std::string_view activation_name = "silu";
  bool network_biases = false;
  bool mxfp4 = false;  // whether checkpoints of Hugging Face may store experts as MXFP4
  // Rows of gate and up alternate in the tensors of Hugging Face that hold both.
  bool interleaved_experts = false;
  bool one_width = false;  // the width of experts is intermediate_size
  bool latent_experts = false;

  /// The width of the network beside the experts.
  ///   stated    a stated number
  ///   experts   the width of an expert, times a stated number of shared experts
  ///   dense     the width of a dense network
  enum class Shared { none, stated, experts, dense };
  Shared shared = Shared::none;
  bool shared_gate = false;
  bool shared_alone = false;  // without experts, the shared network is the dense network of a layer

  // Routers
  RouterSpec::Score score = RouterSpec::Score::softmax;
  // GGUF files of the architecture state softmax or sigmoid. Without a statement the score is softmax.
  bool other_scores_in_gguf = false;
  // The numbers of layers and tokens of a model with sigmoid whose GGUF files do not state sigmoid.
  std::size_t sigmoid_layers = 0, sigmoid_vocabulary = 0;
  bool router_bias = false;
  bool selection_bias = false;
  std::string_view choice = {};  // topk_method; empty: the family has no groups of experts
  enum class Normalise { never, stated, always };
  Normalise normalise = Normalise::never;
  bool normalised = false, normalised_in_gguf = false;  // defaults of norm_topk_prob, expert_weights_norm
  float normalise_epsilon = 0;
  bool scaled_weights = false;
  double weight_scale = 1;
  std::size_t groups = 1, groups_kept = 1;
  bool own_router_norm = false;

  // The model
  float norm_offset = 0;  // added to the weights of norms in checkpoints of Hugging Face
  bool layer_norm = false;
  bool post_norms = false;
  bool scaled_layers = false;
  bool tied = false;
  bool multipliers = false;      // of the embedding, of results of parts, and of logits
  bool root_multiplier = false;  // the embedding is multiplied by sqrt(hidden)
  bool soft_cap = false;
  double soft_cap_in_gguf = 0;  // the default of GGUF files

  bool has_experts() const { return sparse != Sparse::none; }

  /// Whether layers can have a window.
  bool may_slide() const {
    return pattern == Pattern::window || pattern == Pattern::optional_window ||
           pattern == Pattern::even_lower_windows || pattern == Pattern::upper_windows ||
           pattern == Pattern::alternating || pattern == Pattern::last_of_six;
  }
};

/// A family that is known by name and not supported.
struct MissingFamily {
  std::string_view model_type, architecture;
  std::string_view missing;  // what the library lacks
};

}  // namespace moe::inline MOE_ABI::detail
