#pragma once
#include "gguf_fused_attention.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE FusedAttention::FusedAttention(const GgufMetadata& metadata, const std::vector<File>& files)
    : metadata_(metadata), files_(files) {}

MOE_INLINE void FusedAttention::split(std::vector<TensorInfo>& tensors) const {
  const std::size_t count = tensors.size();
  for (std::size_t i = 0; i < count; ++i)
    if (tensors[i].name.find(fused) != std::string::npos) split(TensorInfo(tensors[i]), tensors, i);
}

MOE_INLINE void FusedAttention::split(const TensorInfo& whole, std::vector<TensorInfo>& tensors,
                                      std::size_t at) const {
  const std::uint64_t queries = rows("attention.head_count"), keys = rows("attention.head_count_kv");
  if (whole.shape.empty() || whole.shape[0] == 0 || whole.shape[0] != queries + 2 * keys)
    fail(files_[whole.file].path(), concat("tensor \"", whole.name, '"'), concat(queries + 2 * keys, " rows"),
         describe(whole));
  tensors.push_back(part(whole, ".self_attn.k_proj.", queries, keys));
  tensors.push_back(part(whole, ".self_attn.v_proj.", queries + keys, keys));
  tensors[at] = part(whole, ".self_attn.q_proj.", 0, queries);
}

MOE_INLINE TensorInfo FusedAttention::part(const TensorInfo& whole, std::string_view name,
                                           std::uint64_t first, std::uint64_t rows) {
  TensorInfo out = whole;
  const std::uint64_t row_bytes = whole.bytes / whole.shape[0];
  out.name.replace(out.name.find(fused), fused.size(), name);
  out.shape[0] = rows;
  out.offset += first * row_bytes;
  out.bytes = rows * row_bytes;
  out.crc32c = {};  // which is of all
  return out;
}

MOE_INLINE std::uint64_t FusedAttention::rows(std::string_view heads_key) const {
  const std::uint64_t heads = whole("attention.head_count", 0), hidden = whole("embedding_length", 0);
  return whole("attention.key_length", heads > 0 ? hidden / heads : 0) * whole(heads_key, heads);
}

MOE_INLINE std::uint64_t FusedAttention::whole(std::string_view name, std::uint64_t otherwise) const {
  constexpr std::uint64_t most = INT32_MAX;
  const std::string key = concat(metadata_.text("general.architecture").value_or(""), '.', name);
  const std::uint64_t value = metadata_.whole(key).value_or(otherwise);
  if (value > most)
    fail(files_[0].path(), concat("key \"", key, '"'), concat("a number up to ", most), concat(value));
  return value;
}

}  // namespace moe::inline MOE_ABI::detail
