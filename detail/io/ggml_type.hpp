// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"

#include <cstdint>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// A storage type of ggml. A row of a tensor is a sequence of blocks; each block holds `elements` numbers in `bytes` bytes.
struct GgmlType {
  std::uint32_t id;
  std::string_view name;
  std::uint32_t elements, bytes;
  DType dtype;
};

/// The type with this number; null if ggml has no such type, or has removed it. Source: ggml.h and ggml-common.h of ggml.
const GgmlType* ggml_type(std::uint32_t id);

/// The type of this name; null if ggml does not define it.
const GgmlType* ggml_type(std::string_view name);

/// The type of ggml with the storage format of `dtype`. Throws if there is none.
const GgmlType& ggml_type(DType dtype);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "ggml_type.ipp"
#endif
