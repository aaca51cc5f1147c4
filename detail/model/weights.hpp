// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/function_ref.hpp"
#include "../core/tensor.hpp"
#include "../io/checkpoint.hpp"
#include "../io/pages.hpp"
#include "../spec/model_spec.hpp"
#include "layer_weights.hpp"
#include "norm.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// All weights of a model except its experts.
struct ModelWeights {
  Embedding embedding;               // [vocabulary, hidden]
  std::vector<LayerWeights> layers;  // [layers]
  // The norm before the head.
  Norm norm;
  Matrix head;                   // [vocabulary, hidden]
  std::vector<float> head_bias;  // [vocabulary]
  std::vector<Pages> memory;     // of matrices that the model owns, or that were made from stored matrices

  ModelWeights() = default;

  /// Throws unless all tensors are there, with the shapes that follow from the spec.
  ///
  /// The head: without tied embeddings a head must be stored. With tied embeddings, a stored head that differs from the embedding
  /// is used, and otherwise the embedding is the head. Source: transformers 5.
  ///
  /// progress(bytes) is called for each matrix that is read into memory.
  ModelWeights(const Checkpoint& checkpoint, const ModelSpec& spec,
               WeightStorage storage = WeightStorage::mapped, FunctionRef<void(std::uint64_t)> progress = {});

  /// The bytes of all matrices that every token needs. A token needs one row of the embedding, so the embedding counts only
  /// if it is the head.
  std::size_t bytes() const;

 private:
  /// Puts the quantised matrices that are in `memory` into panels.
  void to_panels();
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "weights.ipp"
#endif
