#pragma once
#include "../core/config.hpp"
#include "../core/tensor.hpp"
#include "checkpoint_contents.hpp"
#include "file.hpp"
#include "json.hpp"
#include "tensor_info.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI {

/// A model on disk, as it was downloaded: its files, mapped, its tensors by name, and its configuration. One face over
/// all formats; names and configuration are those of Hugging Face checkpoints. A handle that is cheap to copy; the
/// files stay open as long as any copy lives. All members are thread-safe.
class Checkpoint {
 public:
  /// `path`: a directory with config.json and model.safetensors (or shards and their index), or one safetensors file in such
  /// a directory; or a GGUF file, one of the parts of a split one, or a directory with one of these, or with dense.gguf and
  /// experts.gguf. Reads the headers only. Throws if anything in them is wrong.
  explicit Checkpoint(const std::string& path) : state_(std::make_shared<const State>(path)) {}

  /// The path it was opened with, and the directory that holds its files.
  const std::string& path() const { return state_->path; }
  const std::string& directory() const { return state_->contents.directory; }

  const std::vector<File>& files() const { return state_->contents.files; }

  /// All tensors, sorted by name.
  const std::vector<TensorInfo>& tensors() const { return state_->contents.tensors; }

  /// The tensor of that name; null if there is none.
  const TensorInfo* find(std::string_view name) const { return detail::find_by_name(tensors(), name); }

  /// The tensor of that name, which must be there.
  const TensorInfo& at(std::string_view name) const;

  /// A whole file, mapped: it is read where it is touched.
  std::span<const std::byte> mapped(std::size_t file) const { return state_->mappings[file].bytes(); }

  /// The bytes of a tensor of this checkpoint, mapped.
  std::span<const std::byte> bytes(const TensorInfo& tensor) const;

  /// The tensor of that name as a view. Throws unless it is there, of that shape and of a type that kernels know.
  Matrix matrix(std::string_view name, std::size_t rows, std::size_t cols) const;
  Vector vector(std::string_view name, std::size_t size) const;

  /// Throws unless kernels can multiply the tensor's type.
  void require_usable(const TensorInfo& tensor) const;

  /// Throws unless the tensor has that shape.
  void require_shape(const TensorInfo& tensor, const std::vector<std::uint64_t>& shape) const;

  /// The path of the file that holds the tensor.
  const std::string& file_of(const TensorInfo& tensor) const { return files()[tensor.file].path(); }

  /// The configuration of the text model, as in config.json, which must be there.
  Json config() const;

  /// What the names of the text model's tensors begin with, before `model.`: nothing, or `thinker.` in a Qwen3-Omni.
  std::string_view tensor_prefix() const { return is_thinker() ? "thinker." : ""; }

  /// Whether the text model is the thinker of a Qwen3-Omni, which the model_type of the whole says.
  bool is_thinker() const;

  /// The contents of generation_config.json; nothing if there is none.
  Json generation_config() const;

 private:
  struct State {
    explicit State(const std::string& given);

    static detail::CheckpointContents open_any(const std::string& path);

    static bool holds_gguf(const std::string& path);

    std::string path;
    detail::CheckpointContents contents;
    std::vector<detail::Mapping> mappings;  // of contents.files
  };

  /// A multimodal model holds its text model's configuration within its own.
  static Json text_config(const Json& root);

  static bool holds_thinker(const Json& root);

  const TensorInfo& checked(std::string_view name, const std::vector<std::uint64_t>& shape) const;

  std::shared_ptr<const State> state_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "checkpoint.ipp"
#endif
