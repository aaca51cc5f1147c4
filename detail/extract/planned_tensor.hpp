#pragma once
#include "../core/config.hpp"
#include "../io/ggml_type.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// A tensor to extract: its place in the source, and its type in the result.
struct PlannedTensor {
  std::string name;                  // in GGUF files
  std::vector<std::uint64_t> shape;  // outermost first
  const GgmlType* from = nullptr;    // the type in the source
  const GgmlType* to = nullptr;      // the type in the result
  std::size_t file = 0;              // the index of the source file
  std::uint64_t offset = 0;          // of the first byte in the source file

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
