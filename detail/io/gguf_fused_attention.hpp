#pragma once
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "file.hpp"
#include "gguf_metadata.hpp"
#include "tensor_info.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::detail {

/// Takes tensors that hold the projections of queries, keys and values, one behind the other, apart: qkv_proj [rows, cols], or
/// its bias, becomes q_proj, k_proj and v_proj. The heads are those that the metadata states. Throws if they are not all rows.
class FusedAttention {
 public:
  FusedAttention(const GgufMetadata& metadata, const std::vector<File>& files)
      : metadata_(metadata), files_(files) {}

  void split(std::vector<TensorInfo>& tensors) const {
    const std::size_t count = tensors.size();
    for (std::size_t i = 0; i < count; ++i)
      if (tensors[i].name.find(fused) != std::string::npos) split(TensorInfo(tensors[i]), tensors, i);
  }

 private:
  static constexpr std::string_view fused = ".self_attn.qkv_proj.";

  /// Adds those of keys and values; that of queries takes the place of the whole, tensors[at].
  void split(const TensorInfo& whole, std::vector<TensorInfo>& tensors, std::size_t at) const {
    const std::uint64_t queries = rows("attention.head_count"), keys = rows("attention.head_count_kv");
    if (whole.shape.empty() || whole.shape[0] == 0 || whole.shape[0] != queries + 2 * keys)
      fail(files_[whole.file].path(), concat("tensor \"", whole.name, '"'),
           concat(queries + 2 * keys, " rows"), describe(whole));
    tensors.push_back(part(whole, ".self_attn.k_proj.", queries, keys));
    tensors.push_back(part(whole, ".self_attn.v_proj.", queries + keys, keys));
    tensors[at] = part(whole, ".self_attn.q_proj.", 0, queries);
  }

  static TensorInfo part(const TensorInfo& whole, std::string_view name, std::uint64_t first,
                         std::uint64_t rows) {
    TensorInfo out = whole;
    const std::uint64_t row_bytes = whole.bytes / whole.shape[0];
    out.name.replace(out.name.find(fused), fused.size(), name);
    out.shape[0] = rows;
    out.offset += first * row_bytes;
    out.bytes = rows * row_bytes;
    out.crc32c = {};  // which is of all
    return out;
  }

  /// How many rows the heads have whose number the key states, or the heads of queries; a number below 2^62.
  std::uint64_t rows(std::string_view heads_key) const {
    const std::uint64_t heads = whole("attention.head_count", 0), hidden = whole("embedding_length", 0);
    return whole("attention.key_length", heads > 0 ? hidden / heads : 0) * whole(heads_key, heads);
  }

  std::uint64_t whole(std::string_view name, std::uint64_t otherwise) const {
    constexpr std::uint64_t most = INT32_MAX;
    const std::string key = concat(metadata_.text("general.architecture").value_or(""), '.', name);
    const std::uint64_t value = metadata_.whole(key).value_or(otherwise);
    if (value > most)
      fail(files_[0].path(), concat("key \"", key, '"'), concat("a number up to ", most), concat(value));
    return value;
  }

  const GgufMetadata& metadata_;
  const std::vector<File>& files_;
};

}  // namespace moe::detail
