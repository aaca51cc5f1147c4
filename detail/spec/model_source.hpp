// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/checkpoint.hpp"
#include "../io/quantisation.hpp"
#include "families.hpp"
#include "tensor_names.hpp"
#include "value_source.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI::detail {

/// The text model of a checkpoint: its family, the values of its description, the names of its tensors.
class ModelSource {
 public:
  /// Throws if the family is unknown or not supported, or if the weights are quantised in a way that the library does not read.
  /// The Error states what is missing.
  explicit ModelSource(const Checkpoint& checkpoint);

  const Checkpoint& checkpoint() const { return checkpoint_; }
  const Family& family() const { return *family_; }
  const ValueSource& values() const { return values_; }  // of the text model
  const TensorNames& names() const { return names_; }
  const Quantisation& quantisation() const { return quantisation_; }

  /// The number of layers that are computed, without layers of multi-token prediction. At most the number of tensors of the
  /// checkpoint.
  std::size_t layers() const { return layers_; }

 private:
  std::size_t count_layers() const;

  /// Throws if the tensors have the names of an older extractor, or if only layers of multi-token prediction are there.
  void require_model() const;

  Checkpoint checkpoint_;
  Quantisation quantisation_;
  const Family* family_;
  ValueSource values_;
  TensorNames names_;
  std::size_t layers_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "model_source.ipp"
#endif
