#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI {

/// What a checkpoint says about one of its tensors.
struct TensorInfo {
  std::string name;
  DType dtype = DType::other;
  std::string dtype_name;            // as the file writes it
  std::vector<std::uint64_t> shape;  // outermost first; empty for a scalar
  std::size_t file = 0;              // which of the checkpoint's files
  std::uint64_t offset = 0;          // of the first byte, in that file; any alignment
  std::uint64_t bytes = 0;
  std::optional<std::uint32_t> crc32c = {};  // of the bytes, if the file states it
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// `[2048, 768] bf16`
std::string describe(const TensorInfo& tensor);

/// Sorts by name. Throws an Error about `file` if two have the same.
void sort_by_name(std::vector<TensorInfo>& tensors, std::string_view file);

/// The tensors in the order of their offsets, of equals the empty ones first.
std::vector<TensorInfo*> by_offset(std::vector<TensorInfo>& tensors);

/// The tensor of that name in a list sorted by name; null if there is none.
const TensorInfo* find_by_name(const std::vector<TensorInfo>& sorted, std::string_view name);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "tensor_info.ipp"
#endif
