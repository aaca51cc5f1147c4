#pragma once
#include "../core/config.hpp"
#include "file.hpp"
#include "gguf_metadata.hpp"
#include "tensor_info.hpp"

#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Splits tensors that hold the projections of queries, keys and values one after the other: qkv_proj [rows, cols], or its
/// bias [rows], becomes q_proj, k_proj and v_proj. The metadata states the numbers of heads. Throws if their rows do not add
/// up to the rows of the tensor.
void split_fused_attention(const GgufMetadata& metadata, const std::vector<File>& files,
                           std::vector<TensorInfo>& tensors);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf_fused_attention.ipp"
#endif
