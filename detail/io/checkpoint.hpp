#pragma once
#include "../core/error.hpp"
#include "../core/tensor.hpp"
#include "checkpoint_contents.hpp"
#include "file.hpp"
#include "gguf.hpp"
#include "gguf_path.hpp"
#include "hugging_face.hpp"
#include "json.hpp"
#include "tensor_info.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe {

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
  const TensorInfo* find(std::string_view name) const { return find_by_name(tensors(), name); }

  /// The tensor of that name, which must be there.
  const TensorInfo& at(std::string_view name) const {
    const TensorInfo* tensor = find(name);
    if (!tensor) fail(path(), detail::concat("tensor \"", name, '"'), "to be there", "nothing");
    return *tensor;
  }

  /// A whole file, mapped: it is read where it is touched.
  std::span<const std::byte> mapped(std::size_t file) const { return state_->mappings[file].bytes(); }

  /// The bytes of a tensor of this checkpoint, mapped.
  std::span<const std::byte> bytes(const TensorInfo& tensor) const {
    return mapped(tensor.file)
        .subspan(static_cast<std::size_t>(tensor.offset), static_cast<std::size_t>(tensor.bytes));
  }

  /// The tensor of that name as a view. Throws unless it is there, of that shape and of a type that kernels know.
  Matrix matrix(std::string_view name, std::size_t rows, std::size_t cols) const {
    const TensorInfo& tensor = checked(name, {rows, cols});
    return {bytes(tensor).data(), tensor.dtype, rows, cols};
  }
  Vector vector(std::string_view name, std::size_t size) const {
    const TensorInfo& tensor = checked(name, {size});
    return {bytes(tensor).data(), tensor.dtype, size};
  }

  /// Throws unless kernels can multiply the tensor's type.
  void require_usable(const TensorInfo& tensor) const {
    if (tensor.dtype == DType::other)
      fail(file_of(tensor), detail::concat("tensor \"", tensor.name, '"'),
           "f32, f16, bf16, q8_0 to q2_k, iq4_nl, iq4_xs or mxfp4", tensor.dtype_name);
  }

  /// Throws unless the tensor has that shape.
  void require_shape(const TensorInfo& tensor, const std::vector<std::uint64_t>& shape) const {
    if (tensor.shape != shape)
      fail(file_of(tensor), detail::concat("tensor \"", tensor.name, '"'),
           detail::concat("shape ", detail::concat_list(shape)), detail::concat_list(tensor.shape));
  }

  /// The path of the file that holds the tensor.
  const std::string& file_of(const TensorInfo& tensor) const { return files()[tensor.file].path(); }

  /// The configuration of the text model, as in config.json, which must be there.
  Json config() const {
    if (!state_->contents.config) fail(directory(), "config.json", "a file", "none");
    return text_config(state_->contents.config->root());
  }

  /// What the names of the text model's tensors begin with, before `model.`: nothing, or `thinker.` in a Qwen3-Omni.
  std::string_view tensor_prefix() const { return is_thinker() ? "thinker." : ""; }

  /// Whether the text model is the thinker of a Qwen3-Omni, which the model_type of the whole says.
  bool is_thinker() const {
    const auto& config = state_->contents.config;
    return config && holds_thinker(config->root());
  }

  /// The contents of generation_config.json; nothing if there is none.
  Json generation_config() const {
    return state_->contents.generation_config ? state_->contents.generation_config->root() : Json();
  }

 private:
  struct State {
    explicit State(const std::string& given) : path(given), contents(open_any(given)) {
      for (const File& file : contents.files) mappings.push_back(file.map());
      sort_by_name(contents.tensors, path);
    }

    static CheckpointContents open_any(const std::string& path) {
      expect(is_directory(path) || is_file(path), path, "opening", "a checkpoint",
             "no such file or directory");
      return holds_gguf(path) ? open_gguf(path) : open_hugging_face(path);
    }

    static bool holds_gguf(const std::string& path) {
      if (!is_directory(path)) return detail::is_gguf(path);
      if (is_file(join_path(path, "dense.gguf"))) return true;
      for (const char* name : {"model.safetensors", "model.safetensors.index.json"})
        if (is_file(join_path(path, name))) return false;
      return !detail::gguf_in_directory(path).empty();
    }

    std::string path;
    CheckpointContents contents;
    std::vector<Mapping> mappings;  // of contents.files
  };

  /// A multimodal model holds its text model's configuration within its own.
  static Json text_config(const Json& root) {
    return holds_thinker(root) ? root.at("thinker_config").at("text_config") : root;
  }

  static bool holds_thinker(const Json& root) {
    const Json type = root.find("model_type");
    if (type) return type.is_string() && type.as_string() == "qwen3_omni_moe";
    const Json thinker = root.find("thinker_config");
    return thinker && thinker.is_object();
  }

  const TensorInfo& checked(std::string_view name, const std::vector<std::uint64_t>& shape) const {
    const TensorInfo& tensor = at(name);
    require_shape(tensor, shape);
    require_usable(tensor);
    return tensor;
  }

  std::shared_ptr<const State> state_;
};

}  // namespace moe
