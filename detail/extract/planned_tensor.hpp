// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../experts/expert_location.hpp"
#include "../io/ggml_type.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The type of FP8 matrices in memory. GGUF files have no such type.
inline constexpr GgmlType e4m3_in_memory{UINT32_MAX, "F8_E4M3 in blocks", 32, 36, DType::f8_e4m3};

/// A tensor to extract: its place in the source, and its type in the result.
struct PlannedTensor {
  std::string name;                  // in the result
  std::vector<std::uint64_t> shape;  // outermost first
  const GgmlType* from = nullptr;    // the type in the source; with `encoded`: the type of the decoded matrix
  const GgmlType* to = nullptr;      // the type in the result
  std::size_t file = 0;              // the index of the source file
  std::uint64_t offset = 0;          // of the first byte in the source file
  std::shared_ptr<const MatrixLocation> encoded = {};  // a matrix to decode to `from` when it is read

  bool converted() const { return from != to; }
  std::uint64_t numbers() const;
  std::uint64_t source_bytes() const { return numbers() / from->elements * from->bytes; }
  std::uint64_t bytes() const { return numbers() / to->elements * to->bytes; }
};

/// The bytes [begin, end) of a file as a tensor of type I8, for readers that check bytes.
PlannedTensor planned_bytes(std::string name, std::size_t file, std::uint64_t begin, std::uint64_t end);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "planned_tensor.ipp"
#endif
