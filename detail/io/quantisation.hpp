#pragma once
#include "../core/config.hpp"
#include "checkpoint_contents.hpp"

namespace moe::inline MOE_ABI::detail {

/// Throws if the weights of a Hugging Face checkpoint are quantised (GPTQ, AWQ, bitsandbytes, FP8, NVFP4,
/// compressed-tensors...): if config.json has a quantization_config at any level, or if tensors have the names of such a
/// format. The error names the value of quant_method.
void refuse_quantisation(const CheckpointContents& contents);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "quantisation.ipp"
#endif
