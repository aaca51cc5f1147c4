#pragma once
#include "../core/config.hpp"
#include "checkpoint_contents.hpp"
#include "json.hpp"
#include "tensor_info.hpp"

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Opens a checkpoint in the form of Hugging Face: config.json beside model.safetensors, or beside
/// shards and their index.
class HuggingFaceReader {
 public:
  CheckpointContents read(const std::string& path);

 private:
  void open_directory();

  /// Opens the shards one after the other and takes from each the tensors that the index says are in it.
  void open_shards(const Json& index);

  std::vector<TensorInfo> open_shard(const Json& entry);

  /// Opens one file and returns what it holds.
  std::vector<TensorInfo> open_file(const std::string& path);

  std::optional<JsonDocument> read_json(std::string_view name) const;

  CheckpointContents out_;
};

CheckpointContents open_hugging_face(const std::string& path);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "hugging_face.ipp"
#endif
