#pragma once
#include "../core/concat.hpp"
#include "../core/dtype.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
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
  std::optional<std::uint32_t> crc32c = {};  // of the bytes, if the file states it
};

/// `[2048, 768] bf16`
inline std::string describe(const TensorInfo& tensor) {
  return detail::concat(detail::concat_list(tensor.shape), ' ', tensor.dtype_name);
}

/// Sorts by name. Throws an Error about `file` if two have the same.
inline void sort_by_name(std::vector<TensorInfo>& tensors, std::string_view file) {
  std::ranges::sort(tensors, {}, &TensorInfo::name);
  for (std::size_t i = 1; i < tensors.size(); ++i)
    if (tensors[i - 1].name == tensors[i].name)
      fail(file, detail::concat("tensor \"", tensors[i].name, '"'), "one of that name", "two");
}

/// The tensors in the order of their offsets, of equals the empty ones first.
inline std::vector<TensorInfo*> by_offset(std::vector<TensorInfo>& tensors) {
  std::vector<TensorInfo*> out;
  for (TensorInfo& tensor : tensors) out.push_back(&tensor);
  std::ranges::sort(out, [](const TensorInfo* a, const TensorInfo* b) {
    return a->offset != b->offset ? a->offset < b->offset : a->bytes < b->bytes;
  });
  return out;
}

/// The tensor of that name in a list sorted by name; null if there is none.
inline const TensorInfo* find_by_name(const std::vector<TensorInfo>& sorted, std::string_view name) {
  const auto place = std::ranges::lower_bound(sorted, name, {}, &TensorInfo::name);
  return place != sorted.end() && place->name == name ? &*place : nullptr;
}

}  // namespace moe
