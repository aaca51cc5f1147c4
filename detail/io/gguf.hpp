#pragma once
#include "../core/config.hpp"
#include "checkpoint_contents.hpp"
#include "gguf_metadata.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Opens a checkpoint in GGUF: one file, all parts of a split one, or what a directory has of them: dense.gguf and
/// experts.gguf, or one model.
class GgufReader {
 public:
  CheckpointContents read(const std::string& path) &&;

 private:
  /// Opens a file and takes its tensors; of the first file, its metadata as well. Returns what the file says.
  GgufMetadata open_file(const std::string& path);

  /// Adds or removes outer dimensions of 1.
  static void set_dimensions(std::vector<std::uint64_t>& shape, std::size_t wanted);

  /// What an extraction of a checkpoint in the form of Hugging Face carries along says it all; others have keys of GGUF.
  void read_config();

  /// A split file has its metadata in the first part, and the number of each part in all of them.
  void open_parts(const std::string& path);

  static void require_file(const std::string& path);

  void require_part(const GgufMetadata& metadata, const std::string& path, std::uint64_t number,
                    std::uint64_t parts) const;

  CheckpointContents out_;
  GgufMetadata metadata_;  // of the first file
};

/// Opens a GGUF file, one of the parts of a split one, or a directory with one of these, or with dense.gguf and
/// experts.gguf. Architectures: qwen3moe, qwen3vlmoe, qwen3, llama. Throws if anything in the heads of the files is wrong.
inline CheckpointContents open_gguf(const std::string& path) { return detail::GgufReader().read(path); }

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf.ipp"
#endif
