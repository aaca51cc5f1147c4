// SPDX-License-Identifier: MIT
#pragma once
#include "zero_provider.hpp"
#include "../core/concat.hpp"
#include "../core/dtype.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// A type that stores rows of `cols` zeros in few bytes. In all of these types, zero bytes are zeros.
MOE_INLINE DType smallest_type(std::size_t cols) {
  return cols % 256 == 0 ? DType::q2_k : cols % 32 == 0 ? DType::q4_0 : DType::bf16;
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE ZeroProvider::ZeroProvider(const ExpertCatalog& catalog) {
  std::vector<std::array<Matrix, detail::expert_parts>> shapes;
  std::size_t most_bytes = 0;
  for (std::size_t layer = 0; layer < catalog.layers(); ++layer) {
    std::array<Matrix, detail::expert_parts>& parts = shapes.emplace_back();
    const ExpertLocation* location = catalog.first_of(layer);  // all experts of a layer have one shape
    if (!location) continue;
    for (std::size_t part = 0; part < parts.size(); ++part) {
      const MatrixLocation& from = *detail::parts_of(*location)[part];
      const bool bias = part >= 3;
      parts[part] = {nullptr, bias ? DType::f32 : detail::smallest_type(from.cols), from.rows, from.cols};
      most_bytes = std::max(most_bytes, parts[part].bytes());
    }
  }
  zeros_ = detail::Buffer<std::byte>(most_bytes);
  for (std::size_t layer = 0; layer < shapes.size(); ++layer) {
    for (Matrix& part : shapes[layer])
      if (part.rows > 0) part.data = zeros_.data();
    layers_.push_back({catalog.experts(layer), detail::weights_of(shapes[layer])});
  }
}

MOE_INLINE ZeroProvider::Lease ZeroProvider::acquire(ExpertId id) const {
  const std::size_t experts = id.layer < layers_.size() ? layers_[id.layer].experts : 0;
  if (id.expert >= experts)
    detail::fail("ZeroProvider", detail::concat("expert ", id.expert, " of layer ", id.layer),
                 experts == 0 ? "a layer with experts" : detail::concat("an expert below ", experts),
                 "no such expert");
  return &layers_[id.layer].weights;
}

}  // namespace moe::inline MOE_ABI
