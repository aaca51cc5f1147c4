#pragma once
#include "../core/config.hpp"
#include "../core/tensor.hpp"
#include "checkpoint_contents.hpp"
#include "file.hpp"
#include "json.hpp"
#include "tensor_info.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI {

/// A model on disk, as it was downloaded: its files, its tensors by name, and its configuration. One interface to all
/// formats; names of tensors and the configuration are those of Hugging Face checkpoints. A Checkpoint is cheap to copy; the
/// files stay open and mapped while a copy lives. All members are thread-safe.
class Checkpoint {
 public:
  /// Opens one of these, and reads the heads of the files only:
  ///   - a Hugging Face directory: config.json with model.safetensors, or with shards and model.safetensors.index.json;
  ///   - a safetensors file or shard in such a directory;
  ///   - a GGUF file, or any part of a split GGUF file;
  ///   - a directory with one GGUF model, or with the output of the extractor (dense.gguf and experts.gguf).
  /// Throws if anything in the files is wrong.
  explicit Checkpoint(const std::string& path) : state_(std::make_shared<const State>(path)) {}

  /// The path given to the constructor, and the directory of the files.
  const std::string& path() const { return state_->path; }
  const std::string& directory() const { return state_->contents.directory; }

  const std::vector<File>& files() const { return state_->contents.files; }

  /// All tensors, sorted by name.
  const std::vector<TensorInfo>& tensors() const { return state_->contents.tensors; }

  /// The tensor with this name; null if there is none.
  const TensorInfo* find(std::string_view name) const { return detail::find_by_name(tensors(), name); }

  /// The tensor with this name. Throws if there is none.
  const TensorInfo& at(std::string_view name) const;

  /// The bytes of a file, mapped: the system reads them on access.
  std::span<const std::byte> mapped(std::size_t file) const { return state_->mappings[file].bytes(); }

  /// The bytes of a tensor of this checkpoint, mapped.
  std::span<const std::byte> bytes(const TensorInfo& tensor) const;

  /// A view of the tensor with this name. Throws unless it exists with this shape and a type that kernels multiply.
  Matrix matrix(std::string_view name, std::size_t rows, std::size_t cols) const;
  Vector vector(std::string_view name, std::size_t size) const;

  /// Throws unless kernels multiply the type of the tensor.
  void require_usable(const TensorInfo& tensor) const;

  /// Throws unless the tensor has this shape.
  void require_shape(const TensorInfo& tensor, const std::vector<std::uint64_t>& shape) const;

  /// The path of the file that holds the tensor.
  const std::string& file_of(const TensorInfo& tensor) const { return files()[tensor.file].path(); }

  /// The configuration of the text model, in the form of config.json. Throws if there is none, or if the weights are
  /// quantised in a format that the library does not read (GPTQ, AWQ, FP8...).
  Json config() const;

  /// The prefix before `model.` in the names of the text model's tensors: empty, or `thinker.` for Qwen3-Omni.
  std::string_view tensor_prefix() const { return is_thinker() ? "thinker." : ""; }

  /// Whether the text model is the thinker of a Qwen3-Omni model.
  bool is_thinker() const { return state_->is_thinker; }

  /// The contents of generation_config.json; an empty Json if there is none.
  Json generation_config() const;

 private:
  struct State {
    explicit State(const std::string& given);

    std::string path;
    detail::CheckpointContents contents;
    std::vector<detail::Mapping> mappings;  // of contents.files
    bool is_thinker = false;
  };

  const TensorInfo& checked(std::string_view name, const std::vector<std::uint64_t>& shape) const;

  std::shared_ptr<const State> state_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "checkpoint.ipp"
#endif
