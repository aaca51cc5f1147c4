#pragma once
#include "../core/list.hpp"
#include "file.hpp"
#include "json.hpp"
#include "tensor_info.hpp"

#include <optional>
#include <string>

namespace moe {

/// What the reader of a format finds: the same for all formats, in the names of Hugging Face checkpoints.
struct CheckpointContents {
  std::string directory;
  List<File> files;
  List<TensorInfo> tensors;
  std::optional<JsonDocument> config;             // as config.json
  std::optional<JsonDocument> generation_config;  // as generation_config.json
};

}  // namespace moe
