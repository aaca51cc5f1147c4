#pragma once
#include "../core/config.hpp"
#include "gguf_metadata.hpp"
#include "tensor_info.hpp"

#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The text of a config.json that describes the same model as the metadata of a GGUF file and its tensors. Values are
/// checked later, by the reader of the configuration. `tensors`: sorted by name, with Hugging Face names. Throws if the
/// architecture is unknown, or if the file asks for a computation that the library does not do.
std::string gguf_config_json(const GgufMetadata& metadata, const std::vector<TensorInfo>& tensors);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf_config.ipp"
#endif
