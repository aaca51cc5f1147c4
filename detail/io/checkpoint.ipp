// SPDX-License-Identifier: MIT
#pragma once
#include "checkpoint.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "gguf.hpp"
#include "gguf_path.hpp"
#include "hugging_face.hpp"
#include "small_copy.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE CheckpointContents open_checkpoint(const std::string& path) {
  if (kind_of(path) == PathKind::missing) fail(path, "opening", "a checkpoint", message_of(last_error()));
  const bool gguf =
      is_directory(path) ? !gguf_in_directory(path).empty() : path.ends_with(".gguf") || is_gguf(path);
  return gguf ? open_gguf(path) : open_hugging_face(path);
}

/// Whether two shapes are equal apart from dimensions of 1.
MOE_INLINE bool same_shape(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  const auto next = [](const std::vector<std::uint64_t>& shape, std::size_t at) {
    while (at < shape.size() && shape[at] == 1) ++at;
    return at;
  };
  std::size_t i = next(a, 0), j = next(b, 0);
  for (; i < a.size() && j < b.size(); i = next(a, i + 1), j = next(b, j + 1))
    if (a[i] != b[j]) return false;
  return i == a.size() && j == b.size();
}

/// The name of the first tensor that equals `name` apart from the prefix; empty if there is no such tensor. The prefix of
/// `name` ends with the first `model.`.
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

MOE_INLINE Checkpoint::State::State(std::string given, detail::CheckpointContents from)
    : path(std::move(given)), contents(std::move(from)) {
  for (const File& file : contents.files) mappings.push_back(file.map());
  detail::sort_by_name(contents.tensors, path);
}

MOE_INLINE Checkpoint::Checkpoint(const std::string& path)
    : state_(std::make_shared<const State>(path, detail::open_checkpoint(path))) {}

MOE_INLINE Checkpoint Checkpoint::small_copy(DType type) const {
  const std::string path = detail::join_path(directory(), detail::small_copy_name(type));
  return Checkpoint(std::make_shared<const State>(path, detail::open_small_copy(directory(), type)));
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
  const Matrix out{bytes(tensor).data(), tensor.dtype, rows, cols};
  // same_shape() ignores dimensions of 1, but a row must be whole blocks: [1, 64] has two blocks of 32, [64, 1] has none.
  if (out.bytes() != tensor.bytes) fail_shape(tensor, {rows, cols});
  return out;
}

MOE_INLINE Vector Checkpoint::vector(std::string_view name, std::size_t size) const {
  const TensorInfo& tensor = checked(name, {size});
  const Vector out{bytes(tensor).data(), tensor.dtype, size};
  if (out.bytes() != tensor.bytes) fail_shape(tensor, {size});
  return out;
}

MOE_INLINE void Checkpoint::require_usable(const TensorInfo& tensor) const {
  if (tensor.dtype == DType::other)
    detail::fail(file_of(tensor), detail::concat("tensor \"", tensor.name, '"'),
                 "f32, f16, bf16, q8_0 to q2_k, iq4_nl, iq4_xs or mxfp4", tensor.dtype_name);
}

MOE_INLINE void Checkpoint::require_shape(const TensorInfo& tensor,
                                          const std::vector<std::uint64_t>& shape) const {
  if (!detail::same_shape(tensor.shape, shape)) fail_shape(tensor, shape);
}

MOE_INLINE void Checkpoint::fail_shape(const TensorInfo& tensor,
                                       const std::vector<std::uint64_t>& shape) const {
  detail::fail(file_of(tensor), detail::concat("tensor \"", tensor.name, '"'),
               detail::concat("shape ", detail::concat_list(shape)), detail::concat_list(tensor.shape));
}

MOE_INLINE Json Checkpoint::config() const {
  if (!has_config()) detail::fail(directory(), "config.json", "a file", "none");
  return state_->contents.config->root();
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
