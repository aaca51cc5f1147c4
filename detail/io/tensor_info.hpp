#pragma once
#include "../core/concat.hpp"
#include "../core/dtype.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe {

/// What a checkpoint says about one of its tensors.
struct TensorInfo {
  std::string name;
  DType dtype = DType::other;
  std::string dtype_name;            // as the file writes it
  std::vector<std::uint64_t> shape;  // outermost first; empty for a scalar
  std::size_t file = 0;              // which of the checkpoint's files
  std::uint64_t offset = 0;          // of the first byte, in that file; any alignment
  std::uint64_t bytes = 0;
};

/// `[2048, 768] bf16`
inline std::string describe(const TensorInfo& tensor) {
  return detail::concat(detail::concat_list(tensor.shape), ' ', tensor.dtype_name);
}

inline void sort_by_name(std::vector<TensorInfo>& tensors) {
  std::sort(tensors.begin(), tensors.end(),
            [](const TensorInfo& a, const TensorInfo& b) { return a.name < b.name; });
}

/// The tensor of that name in a list sorted by name; null if there is none.
inline const TensorInfo* find_by_name(std::span<const TensorInfo> sorted, std::string_view name) {
  const auto found =
      std::lower_bound(sorted.begin(), sorted.end(), name,
                       [](const TensorInfo& a, std::string_view wanted) { return a.name < wanted; });
  return found != sorted.end() && found->name == name ? &*found : nullptr;
}

}  // namespace moe
