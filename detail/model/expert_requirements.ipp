// SPDX-License-Identifier: MIT
#pragma once
#include "expert_requirements.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../spec/model_source.hpp"
#include "feed_forward/feed_forward.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Whether the checkpoint has a tensor whose name begins with `prefix`.
inline bool has_any(const Checkpoint& checkpoint, std::string_view prefix) {
  const std::vector<TensorInfo>& tensors = checkpoint.tensors();  // sorted by name
  const auto first =
      std::lower_bound(tensors.begin(), tensors.end(), prefix,
                       [](const TensorInfo& tensor, std::string_view name) { return tensor.name < name; });
  return first != tensors.end() && first->name.starts_with(prefix);
}

MOE_INLINE void require_layers(const Checkpoint& checkpoint, const ModelSpec& spec) {
  const ModelSource source(checkpoint);
  std::vector<std::size_t> missing;
  for (std::size_t layer = 0; layer < spec.layers.size(); ++layer)
    if (!has_any(checkpoint, source.names().layer_prefix(layer))) missing.push_back(layer);
  // If no layer has a tensor, all names may have another prefix: at() then throws, and its error names such a tensor.
  if (missing.size() == spec.layers.size()) (void)checkpoint.at(source.names().of(Role::embedding));
  if (!missing.empty())
    fail(checkpoint.path(), "layers",
         concat("all ", spec.layers.size(), ", since a part of the layers cannot be run"),
         concat("nothing of layers ", concat_list(missing)));
}

inline void require_experts_of(const ExpertCatalog& catalog, std::size_t layer, const ModelSpec& spec) {
  const std::string& path = catalog.checkpoint().path();
  const std::string place = concat("experts of layer ", layer);
  const std::size_t experts = spec.layers[layer].router()->experts;
  if (catalog.experts(layer) != experts) fail(path, place, concat(experts), concat(catalog.experts(layer)));
  const ExpertLocation* expert = catalog.first_of(layer);  // all experts of a layer have one shape
  if (!expert) fail(path, place, "at least one", "none");
  const ExpertShape shape = expert_shape(*spec.layers[layer].feed_forward, spec.hidden_size);
  const MatrixLocation& up = expert->up;
  if (up.rows != shape.width || up.cols != shape.hidden)
    fail(path, place, concat("up [", shape.width, ", ", shape.hidden, "]"),
         concat("[", up.rows, ", ", up.cols, "]"));
}

MOE_INLINE void require_expert_shapes(const ExpertCatalog& catalog, const ModelSpec& spec) {
  for (std::size_t layer = 0; layer < spec.layers.size(); ++layer)
    if (spec.layers[layer].router()) require_experts_of(catalog, layer, spec);
}

MOE_INLINE void require_experts(const ExpertCatalog& catalog, const ModelSpec& spec) {
  require_layers(catalog.checkpoint(), spec);
  require_expert_shapes(catalog, spec);
}

}  // namespace moe::inline MOE_ABI::detail
