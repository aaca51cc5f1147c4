// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "file.hpp"
#include "gguf_metadata.hpp"
#include "json.hpp"
#include "tensor_info.hpp"

#include <optional>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI {

/// The names that the tensors of a checkpoint have: `model.layers.0.self_attn.q_proj.weight` or `blk.0.attn_q.weight`.
enum class Naming { hugging_face, gguf };

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// The result of the reader of a format, the same for all formats.
struct CheckpointContents {
  std::string directory;
  std::vector<File> files;
  std::vector<TensorInfo> tensors;  // with the names in the files
  Naming naming = Naming::hugging_face;
  std::optional<JsonDocument> config;             // config.json
  std::optional<JsonDocument> generation_config;  // generation_config.json
  GgufMetadata metadata;                          // of the first file; empty in other formats
};

}  // namespace moe::inline MOE_ABI::detail
