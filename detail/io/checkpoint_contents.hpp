#pragma once
#include "../core/config.hpp"
#include "file.hpp"
#include "json.hpp"
#include "tensor_info.hpp"

#include <optional>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The result of the reader of a format, the same for all formats. Names of tensors and the configuration are those of
/// Hugging Face checkpoints.
struct CheckpointContents {
  std::string directory;
  std::vector<File> files;
  std::vector<TensorInfo> tensors;
  std::optional<JsonDocument> config;             // in the form of config.json
  std::optional<JsonDocument> generation_config;  // in the form of generation_config.json
};

}  // namespace moe::inline MOE_ABI::detail
