// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "checkpoint.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI::detail {

/// The quantised weights of a Hugging Face checkpoint that the library reads: none, MXFP4, or FP8 with one scale for each block
/// of a matrix. Tensors without scales are stored as in other checkpoints.
struct Quantisation {
  bool mxfp4 = false;

  /// fp8: the rows and columns of a block; 0: no such weights. A matrix X.weight [out, in] of type F8_E4M3 has the scales
  /// X.weight_scale_inv [⌈out / rows⌉, ⌈in / cols⌉]; each weight is multiplied by the scale of its block.
  std::size_t block_rows = 0, block_cols = 0;

  bool fp8() const { return block_rows > 0; }
};

/// Reads quantization_config, at any level of config.json. allow_mxfp4: whether the family stores weights as MXFP4. Throws if
/// the weights are quantised in another way (GPTQ, AWQ, bitsandbytes, NVFP4, compressed-tensors and so on); the error quotes
/// quant_method. Throws also if tensors have the names of such a format.
Quantisation quantisation_of(const Checkpoint& checkpoint, bool allow_mxfp4);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "quantisation.ipp"
#endif
