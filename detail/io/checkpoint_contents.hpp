#pragma once
#include "../core/config.hpp"
#include "file.hpp"
#include "json.hpp"
#include "tensor_info.hpp"

#include <optional>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// What the reader of a format finds: the same for all formats, in the names of Hugging Face checkpoints.
struct CheckpointContents {
  std::string directory;
  std::vector<File> files;
  std::vector<TensorInfo> tensors;
  std::optional<JsonDocument> config;             // as config.json
  std::optional<JsonDocument> generation_config;  // as generation_config.json
};

}  // namespace moe::inline MOE_ABI::detail
