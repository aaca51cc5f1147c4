#pragma once
#include "gguf_fused_attention.hpp"
#include "../core/concat.hpp"
#include "../core/dtype.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

inline constexpr std::string_view fused_attention_name = ".self_attn.qkv_proj.";

/// The rows of the projection of queries, and of the projections of keys and of values.
struct AttentionRows {
  std::uint64_t queries, keys;
};

MOE_INLINE AttentionRows attention_rows(const GgufMetadata& metadata, const File& file) {
  constexpr std::uint64_t most = INT32_MAX;  // so that products and their sum fit into 64 bits
  const std::string_view architecture = metadata.text("general.architecture").value_or("");
  const auto whole = [&](std::string_view name, std::uint64_t otherwise) {
    const std::string key = concat(architecture, '.', name);
    const std::uint64_t value = metadata.whole(key).value_or(otherwise);
    if (value > most)
      fail(file.path(), concat("key \"", key, '"'), concat("a number up to ", most), concat(value));
    return value;
  };
  const std::uint64_t heads = whole("attention.head_count", 0), hidden = whole("embedding_length", 0);
  const std::uint64_t width = whole("attention.key_length", heads > 0 ? hidden / heads : 0);
  return {heads * width, whole("attention.head_count_kv", heads) * width};
}

/// The rows [first, first + rows) of a fused tensor.
MOE_INLINE TensorInfo fused_part(const TensorInfo& fused, std::string_view name, std::uint64_t first,
                                 std::uint64_t rows) {
  TensorInfo out = fused;
  const std::uint64_t row_bytes = fused.bytes / fused.shape[0];
  out.name.replace(out.name.find(fused_attention_name), fused_attention_name.size(), name);
  out.shape[0] = rows;
  out.offset += first * row_bytes;
  out.bytes = rows * row_bytes;
  out.crc32c = {};  // the checksum covers the whole tensor
  return out;
}

MOE_INLINE void split_fused_attention(const GgufMetadata& metadata, const std::vector<File>& files,
                                      std::vector<TensorInfo>& tensors) {
  const auto is_fused = [](const TensorInfo& tensor) {
    return tensor.name.find(fused_attention_name) != std::string::npos;
  };
  if (std::none_of(tensors.begin(), tensors.end(), is_fused)) return;
  const auto [queries, keys] = attention_rows(metadata, files[0]);
  const std::size_t count = tensors.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_fused(tensors[i])) continue;
    const TensorInfo fused = tensors[i];
    const auto fail_about = [&](std::string_view expected) {
      fail(files[fused.file].path(), concat("tensor \"", fused.name, '"'), expected, describe(fused));
    };
    if (fused.shape.empty() || fused.shape[0] == 0 || fused.shape[0] != queries + 2 * keys)
      fail_about(concat(queries + 2 * keys, " rows"));
    if (fused.shape.size() == 1 && layout_of(fused.dtype).elements > 1)
      fail_about("a type without blocks, since a block of a vector may span queries and keys");
    tensors[i] = fused_part(fused, ".self_attn.q_proj.", 0, queries);
    tensors.push_back(fused_part(fused, ".self_attn.k_proj.", queries, keys));
    tensors.push_back(fused_part(fused, ".self_attn.v_proj.", queries + keys, keys));
  }
}

}  // namespace moe::inline MOE_ABI::detail
