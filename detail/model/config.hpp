#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "../io/checkpoint.hpp"
#include "rope_config.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI {

/// The properties in which layers of one model differ.
struct LayerConfig {
  bool has_experts = false;        // false: a dense feed-forward network for every token
  std::size_t sliding_window = 0;  // positions that a token attends to, its own included; 0: all
};

/// The shape of a model: the checked contents of config.json, with the defaults of the architecture.
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
  bool normalise_expert_weights = false;  // whether the weights of a token's experts are divided by their sum

  bool attention_bias = false;
  bool attention_bias_where_stored = false;  // a projection whose bias is not in the checkpoint has none
  bool query_key_norms = true;               // whether each head of queries and keys has an RMS norm
  bool tied_embeddings = false;  // tie_word_embeddings: the embedding is the head, unless a head is stored
  float rms_norm_epsilon = 0;
  RopeConfig rope;

  std::vector<LayerConfig> layers;
  std::vector<TokenId> end_tokens;  // each of them ends a text

  std::size_t query_size() const { return heads * head_dim; }
  std::size_t kv_size() const { return kv_heads * head_dim; }

  /// Reads the configuration of a checkpoint. Throws if the architecture is unknown, or if a value is out of range or
  /// contradicts another.
  explicit ModelConfig(const Checkpoint& checkpoint);
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "config.ipp"
#endif
