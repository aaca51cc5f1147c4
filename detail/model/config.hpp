#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "../io/checkpoint.hpp"
#include "config_reader.hpp"
#include "rope_config.hpp"

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI {

/// What is particular to a layer.
struct LayerConfig {
  bool has_experts = false;        // otherwise it has one network that every token takes
  std::size_t sliding_window = 0;  // how many positions a token sees, its own included; 0: all
};

/// The shape of a model: what config.json says, checked, with the defaults of the architecture filled in.
struct ModelConfig {
  std::string architecture;  // model_type

  std::size_t vocabulary_size = 0;
  std::size_t hidden_size = 0;
  std::size_t heads = 0;
  std::size_t kv_heads = 0;  // each serves heads / kv_heads query heads
  std::size_t head_dim = 0;  // need not be hidden_size / heads
  std::size_t max_positions = 0;

  std::size_t experts = 0;  // 0: every layer is dense
  std::size_t experts_per_token = 0;
  std::size_t expert_intermediate_size = 0;
  std::size_t dense_intermediate_size = 0;
  bool normalise_expert_weights = false;  // whether those of the chosen experts are made to sum to 1

  bool attention_bias = false;
  bool attention_bias_where_stored = false;  // matrices whose bias is not in the checkpoint have none
  bool query_key_norms = true;               // whether the heads of queries and keys are normed
  bool tied_embeddings = false;              // whether the head is the embedding
  float rms_norm_epsilon = 0;
  RopeConfig rope;

  std::vector<LayerConfig> layers;
  std::vector<TokenId> end_tokens;  // any of them ends a text

  std::size_t query_size() const { return heads * head_dim; }
  std::size_t kv_size() const { return kv_heads * head_dim; }

  /// Reads the configuration of a checkpoint. Throws if it is no model that this library can run, or contradicts itself.
  explicit ModelConfig(const Checkpoint& checkpoint);
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// What the configurations of an architecture leave out.
struct ArchitectureDefaults {
  std::string_view name;
  bool has_experts;
  bool normalise_expert_weights;
  bool query_key_norms;
  bool slides;  // whether it heeds sliding_window
  double rope_theta;
  std::size_t kv_heads;  // 0: as many as query heads
  std::size_t max_positions;
};

/// The architecture of a thinker is what holds it, whatever it says of itself.
const ArchitectureDefaults& defaults_of(const ConfigReader& reader, bool is_thinker);

/// A layer has experts unless it is named in mlp_only_layers or skipped by decoder_sparse_step. A model with experts has a
/// sliding window in all layers or none; a dense one where layer_types says so, or from max_window_layers on.
std::vector<LayerConfig> layers_of(const ConfigReader& reader, std::size_t count, bool has_experts,
                                   bool may_slide);

/// What GGUF files have beside the scaling in their metadata; empty in others.
std::vector<float> rope_divisors_of(const Checkpoint& checkpoint, std::size_t head_dim);

/// What generation_config.json says, or else config.json: one id or several.
std::vector<TokenId> end_tokens_of(const Checkpoint& checkpoint, const ConfigReader& config);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "config.ipp"
#endif
