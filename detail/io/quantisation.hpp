// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "checkpoint.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI::detail {

/// How the weights of a Hugging Face checkpoint are quantised. The library reads MXFP4, and FP8 with one scale for each block
/// of a matrix. Weights without scales are not quantised: their type is f32, f16 or bf16.
struct Quantisation {
  bool mxfp4 = false;

  /// fp8: the rows and columns of a block; 0: no such weights. A matrix X.weight [out, in] of type F8_E4M3 has the scales
  /// X.weight_scale_inv [⌈out / rows⌉, ⌈in / cols⌉]; each weight is multiplied by the scale of its block.
  std::size_t block_rows = 0, block_cols = 0;

  bool fp8() const { return block_rows > 0; }
};

/// Reads the members quantization_config, compression_config and quantization (MLX) of config.json and of its nested
/// configurations, whose names end in `_config`. allow_mxfp4: whether the family stores weights as MXFP4. Throws if the weights
/// are quantised in another way (GPTQ, AWQ, bitsandbytes, NVFP4, compressed-tensors and so on); the error quotes quant_method
/// or quant_algo. Throws also if a tensor name has the ending of a quantisation format, such as `.qweight` of GPTQ; the ending
/// `.weight_scale_inv` is allowed if config.json states FP8.
Quantisation quantisation_of(const Checkpoint& checkpoint, bool allow_mxfp4);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "quantisation.ipp"
#endif
