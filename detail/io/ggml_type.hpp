#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"

#include <cstdint>
#include <cstring>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// How a GGUF file stores the numbers of a tensor: blocks of `elements` numbers in `bytes` bytes along a row.
struct GgmlType {
  std::uint32_t id;
  std::string_view name;
  std::uint32_t elements, bytes;
  DType dtype;
};

/// The type of that number; null if there is none, or none any more. Source: ggml.h and ggml-common.h of ggml.
const GgmlType* ggml_type(std::uint32_t id);

/// The type that stores numbers as `dtype` does, which is not `other`.
const GgmlType& ggml_type(DType dtype);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "ggml_type.ipp"
#endif
