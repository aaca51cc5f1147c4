#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"
#include "../io/ggml_type.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// A tensor to be extracted: where it lies in the source, and how it is stored in the result.
struct PlannedTensor {
  std::string name;                  // in GGUF files
  std::vector<std::uint64_t> shape;  // outermost first
  const GgmlType* from = nullptr;
  const GgmlType* to = nullptr;
  std::size_t file = 0;      // of the source
  std::uint64_t offset = 0;  // in that file

  bool converted() const { return from != to; }
  std::uint64_t numbers() const;
  std::uint64_t source_bytes() const { return numbers() / from->elements * from->bytes; }
  std::uint64_t bytes() const { return numbers() / to->elements * to->bytes; }
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "planned_tensor.ipp"
#endif
