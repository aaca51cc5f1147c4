#pragma once
#include "checkpoint.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "gguf.hpp"
#include "gguf_path.hpp"
#include "hugging_face.hpp"
#include "quantisation.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE CheckpointContents open_checkpoint(const std::string& path) {
  if (kind_of(path) == PathKind::missing) fail(path, "opening", "a checkpoint", message_of(last_error()));
  const bool gguf =
      is_directory(path) ? !gguf_in_directory(path).empty() : path.ends_with(".gguf") || is_gguf(path);
  return gguf ? open_gguf(path) : open_hugging_face(path);
}

/// Whether config.json describes a Qwen3-Omni model, whose text model is the thinker.
MOE_INLINE bool holds_thinker(const Json& root) {
  const Json type = root.find("model_type");
  if (type) return type.is_string() && type.as_string() == "qwen3_omni_moe";
  const Json thinker = root.find("thinker_config");
  return thinker && thinker.is_object();
}

/// Adds the prefix `model.` to the tensors of a base model, which was saved without its head: `layers.0.mlp.gate.weight`.
MOE_INLINE void add_missing_prefix(std::vector<TensorInfo>& tensors) {
  constexpr std::string_view prefix = "model.";
  bool bare = false;
  for (const TensorInfo& tensor : tensors) {
    if (tensor.name.starts_with(prefix)) return;
    bare = bare || tensor.name == "embed_tokens.weight";
  }
  if (!bare) return;
  for (TensorInfo& tensor : tensors)
    for (const std::string_view part : {"embed_tokens.", "layers.", "norm."})
      if (tensor.name.starts_with(part)) {
        tensor.name.insert(0, prefix);
        break;
      }
}

/// The name of a tensor that differs from `name` only in its prefix; empty if there is none. The prefix ends with `model.`.
MOE_INLINE std::string_view with_other_prefix(const std::vector<TensorInfo>& tensors, std::string_view name) {
  constexpr std::string_view end = "model.";
  if (const std::size_t place = name.find(end); place != name.npos) name.remove_prefix(place + end.size());
  for (const TensorInfo& tensor : tensors) {
    const std::string_view other = tensor.name;
    if (!other.ends_with(name)) continue;
    if (other.size() == name.size() || other[other.size() - name.size() - 1] == '.') return other;
  }
  return {};
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE Checkpoint::State::State(const std::string& given)
    : path(given), contents(detail::open_checkpoint(given)) {
  for (const File& file : contents.files) mappings.push_back(file.map());
  is_thinker = contents.config && detail::holds_thinker(contents.config->root());
  if (!is_thinker) detail::add_missing_prefix(contents.tensors);
  detail::sort_by_name(contents.tensors, path);
}

MOE_INLINE const TensorInfo& Checkpoint::at(std::string_view name) const {
  if (const TensorInfo* tensor = find(name)) return *tensor;
  const std::string_view other = detail::with_other_prefix(tensors(), name);
  detail::fail(path(), detail::concat("tensor \"", name, '"'), "to be there",
               other.empty() ? "nothing" : detail::concat('"', other, "\", which has another prefix"));
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
  const detail::CheckpointContents& contents = state_->contents;
  if (!contents.config) detail::fail(directory(), "config.json", "a file", "none");
  detail::refuse_quantisation(contents);
  const Json root = contents.config->root();
  return is_thinker() ? root.at("thinker_config").at("text_config") : root;
}

MOE_INLINE Json Checkpoint::generation_config() const {
  return state_->contents.generation_config ? state_->contents.generation_config->root() : Json();
}

MOE_INLINE const TensorInfo& Checkpoint::checked(std::string_view name,
                                                 const std::vector<std::uint64_t>& shape) const {
  const TensorInfo& tensor = at(name);
  require_shape(tensor, shape);
  require_usable(tensor);
  return tensor;
}

}  // namespace moe::inline MOE_ABI
