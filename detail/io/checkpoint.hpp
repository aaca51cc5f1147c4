// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"
#include "../core/tensor.hpp"
#include "checkpoint_contents.hpp"
#include "file.hpp"
#include "gguf_metadata.hpp"
#include "json.hpp"
#include "path_object.hpp"
#include "tensor_info.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

/// A model on disk, as it was downloaded: its files, its tensors by the names in the files, and its description. A Checkpoint
/// is cheap to copy; the files stay open and mapped while a copy lives. All members are thread-safe.
class Checkpoint {
 public:
  /// Opens one of these, and reads the heads of the files only:
  ///   - a Hugging Face directory: config.json with model.safetensors, or with shards and model.safetensors.index.json;
  ///   - a safetensors file or shard in such a directory;
  ///   - a GGUF file, or any part of a split GGUF file;
  ///   - a directory with one GGUF model, or with the output of the extractor (dense.gguf and experts.gguf).
  /// Throws if a file is missing, or if anything that is read here is wrong.
  explicit Checkpoint(const std::string& path);
  /// Opens the checkpoint at a std::filesystem::path.
  explicit Checkpoint(const detail::PathObject auto& path) : Checkpoint(detail::utf8_of(path)) {}

  /// LOSSY: the small copy of the experts in this type, which `extract --also` wrote beside experts.gguf; for a
  /// FallbackProvider. Throws unless this checkpoint is an extraction with such a copy, made from exactly these experts.
  Checkpoint small_copy(DType type) const;

  /// The path given to the constructor.
  const std::string& path() const { return state_->path; }
  /// The directory of the files.
  const std::string& directory() const { return state_->contents.directory; }

  /// The GGUF or safetensors files; TensorInfo::file is an index into this list.
  const std::vector<File>& files() const { return state_->contents.files; }

  /// The convention of the tensor names. A GGUF file that the extractor made from a Hugging Face checkpoint has tensor names of
  /// Hugging Face.
  Naming naming() const { return state_->contents.naming; }

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
  /// Dimensions of 1 do not count: writers of GGUF add and drop them.
  Matrix matrix(std::string_view name, std::size_t rows, std::size_t cols) const;
  /// A view of the tensor with this name. Throws unless it exists with this size and a type that kernels multiply.
  Vector vector(std::string_view name, std::size_t size) const;

  /// Throws unless kernels multiply the type of the tensor.
  void require_usable(const TensorInfo& tensor) const;

  /// Throws unless the tensor has this shape, apart from dimensions of 1.
  void require_shape(const TensorInfo& tensor, const std::vector<std::uint64_t>& shape) const;

  /// The path of the file that holds the tensor.
  const std::string& file_of(const TensorInfo& tensor) const { return files()[tensor.file].path(); }

  /// The contents of config.json, which an extraction stores in its metadata as `moe.config`. Throws if there is none.
  Json config() const;
  /// Whether there is a config.json, so that config() does not throw.
  bool has_config() const { return state_->contents.config.has_value(); }

  /// The metadata of the GGUF file, of a model in several files the metadata of the first; empty in other formats.
  const detail::GgufMetadata& metadata() const { return state_->contents.metadata; }

  /// The contents of generation_config.json; an empty Json if there is none.
  Json generation_config() const;

 private:
  struct State;
  explicit Checkpoint(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  struct State {
    State(std::string given, detail::CheckpointContents from);

    std::string path;
    detail::CheckpointContents contents;
    std::vector<detail::Mapping> mappings;  // of contents.files
  };

  [[noreturn]] void fail_shape(const TensorInfo& tensor, const std::vector<std::uint64_t>& shape) const;

  const TensorInfo& checked(std::string_view name, const std::vector<std::uint64_t>& shape) const;

  std::shared_ptr<const State> state_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "checkpoint.ipp"
#endif
