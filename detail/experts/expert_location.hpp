#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"
#include "../core/tensor.hpp"
#include "expert.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace moe::inline MOE_ABI {

/// Where a matrix [rows, cols] lies in a checkpoint.
struct MatrixLocation {
  std::size_t file = 0;      // an index into Checkpoint::files()
  std::uint64_t offset = 0;  // of the first byte in that file; any alignment
  DType dtype = DType::f32;
  std::size_t rows = 0, cols = 0;
  std::optional<std::uint32_t> crc32c = {};  // of the bytes, if the file states it

  std::size_t bytes() const { return Matrix{nullptr, dtype, rows, cols}.bytes(); }
};

/// Where the three matrices of an expert lie in a checkpoint.
struct ExpertLocation {
  MatrixLocation gate, up, down;

  std::size_t bytes() const { return gate.bytes() + up.bytes() + down.bytes(); }
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// The tables of a catalog. Their sizes are linear in the number of tensors and of experts that the checkpoint has.
struct CatalogTables {
  struct Layer {
    std::size_t first = 0;    // the index of its first expert
    std::size_t present = 0;  // experts that the checkpoint has
    std::size_t experts = 0;  // experts in all
  };

  std::vector<Layer> layers;
  std::vector<ExpertId> ids;              // by index, ascending
  std::vector<ExpertLocation> locations;  // by index
};

}  // namespace moe::inline MOE_ABI::detail
