// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "file.hpp"
#include "tensor_info.hpp"

#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The tensors of a safetensors file, sorted by name. Reads and checks the header by the rules of the reference reader
/// (github.com/huggingface/safetensors); throws if the file breaks a rule. Exception: a dtype that the reference reader
/// does not know is no error. All dtypes but F32, F16 and BF16 are listed as DType::other.
std::vector<TensorInfo> read_safetensors(const File& file);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "safetensors.ipp"
#endif
