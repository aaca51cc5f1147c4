#pragma once
#include "checkpoint.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "gguf.hpp"
#include "gguf_path.hpp"
#include "hugging_face.hpp"

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI {

MOE_INLINE const TensorInfo& Checkpoint::at(std::string_view name) const {
  const TensorInfo* tensor = find(name);
  if (!tensor) detail::fail(path(), detail::concat("tensor \"", name, '"'), "to be there", "nothing");
  return *tensor;
}

MOE_INLINE std::span<const std::byte> Checkpoint::bytes(const TensorInfo& tensor) const {
  return mapped(tensor.file)
      .subspan(static_cast<std::size_t>(tensor.offset), static_cast<std::size_t>(tensor.bytes));
}

MOE_INLINE Matrix Checkpoint::matrix(std::string_view name, std::size_t rows, std::size_t cols) const {
  const TensorInfo& tensor = checked(name, {rows, cols});
  return {bytes(tensor).data(), tensor.dtype, rows, cols};
}

MOE_INLINE Vector Checkpoint::vector(std::string_view name, std::size_t size) const {
  const TensorInfo& tensor = checked(name, {size});
  return {bytes(tensor).data(), tensor.dtype, size};
}

MOE_INLINE void Checkpoint::require_usable(const TensorInfo& tensor) const {
  if (tensor.dtype == DType::other)
    detail::fail(file_of(tensor), detail::concat("tensor \"", tensor.name, '"'),
                 "f32, f16, bf16, q8_0 to q2_k, iq4_nl, iq4_xs or mxfp4", tensor.dtype_name);
}

MOE_INLINE void Checkpoint::require_shape(const TensorInfo& tensor,
                                          const std::vector<std::uint64_t>& shape) const {
  if (tensor.shape != shape)
    detail::fail(file_of(tensor), detail::concat("tensor \"", tensor.name, '"'),
                 detail::concat("shape ", detail::concat_list(shape)), detail::concat_list(tensor.shape));
}

MOE_INLINE Json Checkpoint::config() const {
  if (!state_->contents.config) detail::fail(directory(), "config.json", "a file", "none");
  return text_config(state_->contents.config->root());
}

MOE_INLINE bool Checkpoint::is_thinker() const {
  const auto& config = state_->contents.config;
  return config && holds_thinker(config->root());
}

MOE_INLINE Json Checkpoint::generation_config() const {
  return state_->contents.generation_config ? state_->contents.generation_config->root() : Json();
}

MOE_INLINE Checkpoint::State::State(const std::string& given) : path(given), contents(open_any(given)) {
  for (const File& file : contents.files) mappings.push_back(file.map());
  detail::sort_by_name(contents.tensors, path);
}

MOE_INLINE detail::CheckpointContents Checkpoint::State::open_any(const std::string& path) {
  detail::expect(detail::is_directory(path) || detail::is_file(path), path, "opening", "a checkpoint",
                 "no such file or directory");
  return holds_gguf(path) ? detail::open_gguf(path) : detail::open_hugging_face(path);
}

MOE_INLINE bool Checkpoint::State::holds_gguf(const std::string& path) {
  if (!detail::is_directory(path)) return detail::is_gguf(path);
  if (detail::is_file(detail::join_path(path, "dense.gguf"))) return true;
  for (const char* name : {"model.safetensors", "model.safetensors.index.json"})
    if (detail::is_file(detail::join_path(path, name))) return false;
  return !detail::gguf_in_directory(path).empty();
}

MOE_INLINE Json Checkpoint::text_config(const Json& root) {
  return holds_thinker(root) ? root.at("thinker_config").at("text_config") : root;
}

MOE_INLINE bool Checkpoint::holds_thinker(const Json& root) {
  const Json type = root.find("model_type");
  if (type) return type.is_string() && type.as_string() == "qwen3_omni_moe";
  const Json thinker = root.find("thinker_config");
  return thinker && thinker.is_object();
}

MOE_INLINE const TensorInfo& Checkpoint::checked(std::string_view name,
                                                 const std::vector<std::uint64_t>& shape) const {
  const TensorInfo& tensor = at(name);
  require_shape(tensor, shape);
  require_usable(tensor);
  return tensor;
}

}  // namespace moe::inline MOE_ABI
