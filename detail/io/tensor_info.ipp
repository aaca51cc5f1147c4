// SPDX-License-Identifier: MIT
#pragma once
#include "tensor_info.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::string describe(const TensorInfo& tensor) {
  return concat(concat_list(tensor.shape), ' ', tensor.dtype_name);
}

MOE_INLINE void sort_by_name(std::vector<TensorInfo>& tensors, std::string_view file) {
  std::sort(tensors.begin(), tensors.end(),
            [](const TensorInfo& a, const TensorInfo& b) { return a.name < b.name; });
  for (std::size_t i = 1; i < tensors.size(); ++i)
    if (tensors[i - 1].name == tensors[i].name)
      fail(file, concat("tensor \"", tensors[i].name, '"'), "one tensor of this name", "two");
}

MOE_INLINE std::vector<TensorInfo*> by_offset(std::vector<TensorInfo>& tensors) {
  std::vector<TensorInfo*> out;
  for (TensorInfo& tensor : tensors) out.push_back(&tensor);
  std::sort(out.begin(), out.end(), [](const TensorInfo* a, const TensorInfo* b) {
    return a->offset != b->offset ? a->offset < b->offset : a->bytes < b->bytes;
  });
  return out;
}

MOE_INLINE const TensorInfo* find_by_name(const std::vector<TensorInfo>& sorted, std::string_view name) {
  const auto place =
      std::lower_bound(sorted.begin(), sorted.end(), name,
                       [](const TensorInfo& a, std::string_view wanted) { return a.name < wanted; });
  return place != sorted.end() && place->name == name ? &*place : nullptr;
}

}  // namespace moe::inline MOE_ABI::detail
