#pragma once
#include "../core/config.hpp"
#include "../core/tensor.hpp"
#include "../experts/catalog.hpp"
#include "../experts/expert.hpp"
#include "../io/checkpoint.hpp"
#include "../io/pages.hpp"
#include "config.hpp"

#include <cstddef>
#include <vector>

namespace moe::inline MOE_ABI {

/// Where a model keeps the weights that are not experts.
///   mapped   in the mapped files: the system reads them on first use and may drop them when it needs memory
///   owned    in memory of the model, read when it is opened
enum class WeightStorage { mapped, owned };

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// The weights of one layer, its experts excepted. Matrices are views, vectors are copies.
struct LayerWeights {
  std::vector<float> attention_norm;                                 // [hidden]
  Matrix query;                                                      // [heads · head_dim, hidden]
  Matrix key, value;                                                 // [kv_heads · head_dim, hidden]
  Matrix output;                                                     // [hidden, heads · head_dim]
  std::vector<float> query_bias, key_bias, value_bias, output_bias;  // [rows]; empty: no bias
  std::vector<float> query_norm, key_norm;                           // [head_dim]; empty: no norm

  std::vector<float> ffn_norm;  // [hidden]
  Matrix router;                // [experts, hidden]; empty in a dense layer
  ExpertWeights dense;          // the network of a dense layer; empty in a layer with experts
};

/// All weights of a model, its experts excepted.
struct ModelWeights {
  Matrix embedding;                  // [vocabulary, hidden]
  std::vector<LayerWeights> layers;  // [layers]
  std::vector<float> norm;           // [hidden]
  Matrix head;                       // [vocabulary, hidden]
  std::vector<Pages> memory;         // holds the matrices if they are owned

  /// Throws unless all tensors are there, with the shapes that follow from the configuration.
  ///
  /// The head: without tie_word_embeddings lm_head.weight must be stored. With it, a stored lm_head.weight is used if it
  /// differs from the embedding, and otherwise the embedding is the head. Source: transformers 5.
  ModelWeights(const Checkpoint& checkpoint, const ModelConfig& config,
               WeightStorage storage = WeightStorage::mapped);

  /// The bytes of all matrices; a head that is the embedding counts once.
  std::size_t bytes() const;
};

/// Throws if the checkpoint has no tensor of some layer: an extraction of a few layers can be stored but not run.
void require_layers(const Checkpoint& checkpoint, const ModelConfig& config);

/// Throws unless the catalog has in each layer the experts of the configuration: their number and their shapes. The
/// checkpoint of the catalog may have nothing else.
void require_expert_shapes(const ExpertCatalog& catalog, const ModelConfig& config);

/// require_layers() of the checkpoint of the catalog, and require_expert_shapes().
void require_experts(const ExpertCatalog& catalog, const ModelConfig& config);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "weights.ipp"
#endif
