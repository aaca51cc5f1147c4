// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "../io/checkpoint.hpp"
#include "layer_spec.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI {

/// A model as data: the description of a checkpoint that the generic transformer needs, with all values checked.
struct ModelSpec {
  std::string family;               // model_type
  std::size_t vocabulary_size = 0;  // tokens: rows of the embedding, and logits
  std::size_t hidden_size = 0;      // numbers of the residual stream for each token
  std::size_t max_positions = 0;    // of a text

  /// The kind of the norms of layers.
  enum class Norm { rms, layer };
  Norm norm = Norm::rms;   // layer: LayerNorm, with mean and bias, before the parts of layers and at the end
  float norm_epsilon = 0;  // added to the mean square, or to the variance
  // Added to the stored weights when they are read, in the norms of layers and of heads of attention, and in the final norm.
  float norm_offset = 0;

  float embedding_multiplier = 1;  // factor of the embeddings
  float logit_multiplier = 1;      // factor of the logits, before the soft cap
  float logit_soft_cap = 0;        // cap · tanh(logit / cap); 0: none
  bool tied_embeddings = false;    // the embedding is the head, unless a head is stored
  bool head_bias = false;          // whether a stored vector [vocabulary] is added to the logits

  std::vector<LayerSpec> layers;    // in the order of computation
  std::vector<TokenId> end_tokens;  // each of them ends a text

  /// The largest number of experts of all layers; 0: every layer is dense.
  std::size_t experts() const;
  /// The largest number of experts per token of all layers; 0: every layer is dense.
  std::size_t experts_per_token() const;

  /// Reads the description of a checkpoint. Throws if its family is unknown, if a value is out of range or contradicts
  /// another, or if the description requires a computation that the library does not do.
  explicit ModelSpec(const Checkpoint& checkpoint);
  ModelSpec() = default;
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

class ModelSource;

/// Reads a ModelSpec from an open source. ModelSpec::ModelSpec() opens the source first.
ModelSpec read_model_spec(const ModelSource& source);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "model_spec.ipp"
#endif
