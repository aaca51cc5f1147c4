// SPDX-License-Identifier: MIT
#pragma once
#include "same_experts.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <cstddef>
#include <string>

namespace moe::inline MOE_ABI::detail {

/// Throws unless both matrices or biases have the same shape.
MOE_INLINE void require_same_shape(const ExpertCatalog& exact, const ExpertCatalog& small_copies, ExpertId id,
                                   std::size_t part) {
  const MatrixLocation& expected = *parts_of(exact.at(id))[part];
  const MatrixLocation& found = *parts_of(small_copies.at(id))[part];
  if (expected.rows != found.rows || expected.cols != found.cols)
    fail(small_copies.checkpoint().path(), describe(expert_part_names[part], id),
         concat('[', expected.rows, ", ", expected.cols, "], as in ", exact.checkpoint().path()),
         concat('[', found.rows, ", ", found.cols, ']'));
}

MOE_INLINE void require_same_experts(const ExpertCatalog& exact, const ExpertCatalog& small_copies) {
  const std::string& path = small_copies.checkpoint().path();
  const std::string as_exact = concat(", as in ", exact.checkpoint().path());
  if (exact.layers() != small_copies.layers())
    fail(path, "layers", concat(exact.layers(), as_exact), concat(small_copies.layers()));
  for (std::size_t layer = 0; layer < exact.layers(); ++layer)
    if (exact.experts(layer) != small_copies.experts(layer))
      fail(path, concat("experts of layer ", layer), concat(exact.experts(layer), as_exact),
           concat(small_copies.experts(layer)));
  for (const ExpertId id : exact.ids()) {
    if (!small_copies.has(id))
      fail(path, concat("expert ", id.expert, " of layer ", id.layer), concat("to be there", as_exact),
           "nothing");
    for (std::size_t part = 0; part < expert_parts; ++part) require_same_shape(exact, small_copies, id, part);
  }
}

}  // namespace moe::inline MOE_ABI::detail
