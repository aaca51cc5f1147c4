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
  std::string family;  // model_type
  std::size_t vocabulary_size = 0;
  std::size_t hidden_size = 0;
  std::size_t max_positions = 0;

  enum class Norm { rms, layer };
  Norm norm = Norm::rms;  // layer: LayerNorm, with mean and bias, before the parts of layers and at the end
  float norm_epsilon = 0;
  // Added to the stored weights when they are read, in the norms of layers and of heads of attention, and in the final norm.
  float norm_offset = 0;

  float embedding_multiplier = 1;
  float logit_multiplier = 1;
  float logit_soft_cap = 0;      // cap · tanh(logit / cap); 0: none
  bool tied_embeddings = false;  // the embedding is the head, unless a head is stored
  bool head_bias = false;

  std::vector<LayerSpec> layers;
  std::vector<TokenId> end_tokens;  // each of them ends a text

  /// The largest numbers of experts, and of experts per token, of all layers; 0: every layer is dense.
  std::size_t experts() const;
  std::size_t experts_per_token() const;

  /// Reads the description of a checkpoint. Throws if its family is unknown, if a value is out of range or contradicts
  /// another, or if the description asks for a computation that the library does not do.
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
