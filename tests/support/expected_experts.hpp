#pragma once
#include "detail/io/checkpoint.hpp"
#include "detail/experts/catalog.hpp"
#include "experts/contract.hpp"

#include <cstdint>

/// All experts of a checkpoint, as views of its mapped files.
inline ExpectedExperts expected_experts(const moe::Checkpoint& checkpoint) {
  const moe::ExpertCatalog catalog(checkpoint);
  ExpectedExperts out;
  const auto view = [&](const moe::MatrixLocation& at) {
    return moe::Matrix{checkpoint.mapped(at.file).data() + at.offset, at.dtype, at.rows, at.cols};
  };
  for (std::uint32_t layer = 0; layer < catalog.layers(); ++layer)
    for (std::uint32_t expert = 0; expert < catalog.experts(layer); ++expert) {
      const moe::ExpertLocation& at = catalog.at({layer, expert});
      out[{layer, expert}] = {view(at.gate), view(at.up), view(at.down)};
    }
  return out;
}
