#pragma once
#include "../core/config.hpp"
#include "file.hpp"
#include "gguf_metadata.hpp"
#include "tensor_info.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Takes tensors that hold the projections of queries, keys and values, one behind the other, apart: qkv_proj [rows, cols], or
/// its bias, becomes q_proj, k_proj and v_proj. The heads are those that the metadata states. Throws if they are not all rows.
class FusedAttention {
 public:
  FusedAttention(const GgufMetadata& metadata, const std::vector<File>& files);

  void split(std::vector<TensorInfo>& tensors) const;

 private:
  static constexpr std::string_view fused = ".self_attn.qkv_proj.";

  /// Adds those of keys and values; that of queries takes the place of the whole, tensors[at].
  void split(const TensorInfo& whole, std::vector<TensorInfo>& tensors, std::size_t at) const;

  static TensorInfo part(const TensorInfo& whole, std::string_view name, std::uint64_t first,
                         std::uint64_t rows);

  /// How many rows the heads have whose number the key states, or the heads of queries; a number below 2^62.
  std::uint64_t rows(std::string_view heads_key) const;

  std::uint64_t whole(std::string_view name, std::uint64_t otherwise) const;

  const GgufMetadata& metadata_;
  const std::vector<File>& files_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf_fused_attention.ipp"
#endif
