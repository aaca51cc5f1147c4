// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI {

/// The description of a tensor in a checkpoint.
struct TensorInfo {
  std::string name;                          // in the file
  DType dtype = DType::other;                // other: a type that kernels do not multiply
  std::string dtype_name;                    // the name in the file
  std::vector<std::uint64_t> shape;          // outermost first; empty for a scalar
  std::size_t file = 0;                      // index into Checkpoint::files()
  std::uint64_t offset = 0;                  // of the first byte in that file; any alignment
  std::uint64_t bytes = 0;                   // of all numbers as they are stored
  std::optional<std::uint32_t> crc32c = {};  // checksum of the bytes, if the file states one
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// The shape and the type: `[2048, 768] BF16`.
std::string describe(const TensorInfo& tensor);

/// Sorts the tensors by name. Throws an Error about `file` if two tensors have the same name.
void sort_by_name(std::vector<TensorInfo>& tensors, std::string_view file);

/// Pointers to the tensors in the order of their offsets; at equal offsets, smaller tensors come first.
std::vector<TensorInfo*> by_offset(std::vector<TensorInfo>& tensors);

/// The tensor with this name in a list sorted by name; null if there is none.
const TensorInfo* find_by_name(const std::vector<TensorInfo>& sorted, std::string_view name);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "tensor_info.ipp"
#endif
