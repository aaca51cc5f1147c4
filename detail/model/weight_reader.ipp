// SPDX-License-Identifier: MIT
#pragma once
#include "weight_reader.hpp"
#include "../core/checked.hpp"
#include "../core/concat.hpp"
#include "../core/dequantise.hpp"
#include "../core/error.hpp"
#include "../core/portable_math.hpp"
#include "../experts/matrix_decoder.hpp"
#include "../experts/matrix_locator.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::string WeightReader::name_of(Role role, std::size_t layer) const {
  return source_.names().of(role, layer);
}

MOE_INLINE Matrix WeightReader::new_matrix(DType dtype, std::size_t rows, std::size_t cols) const {
  Matrix out{nullptr, dtype, rows, cols};
  out.data = memory_.emplace_back(out.bytes()).data();
  return out;
}

MOE_INLINE Matrix WeightReader::stored(Matrix mapped, const TensorInfo& from) const {
  if (storage_ == WeightStorage::mapped || mapped.bytes() == 0) return mapped;
  const Checkpoint& checkpoint = source_.checkpoint();
  const auto skipped = static_cast<std::uint64_t>(mapped.data - checkpoint.bytes(from).data());
  const Pages& pages = memory_.emplace_back(mapped.bytes());
  checkpoint.files()[from.file].read_at(from.offset + skipped, {pages.data(), mapped.bytes()});
  if (progress_) progress_(mapped.bytes());
  mapped.data = pages.data();
  return mapped;
}

MOE_INLINE Matrix WeightReader::matrix(Role role, std::size_t layer, std::size_t rows,
                                       std::size_t cols) const {
  return rows_of(role, layer, rows, cols, 0, rows);
}

MOE_INLINE Matrix WeightReader::rows_of(Role role, std::size_t layer, std::size_t all, std::size_t cols,
                                        std::size_t first, std::size_t rows) const {
  const Checkpoint& checkpoint = source_.checkpoint();
  const TensorInfo& tensor = checkpoint.at(name_of(role, layer));
  checkpoint.require_shape(tensor, {all, cols});
  if (tensor.dtype == DType::other) return decoded(tensor, first, rows);
  Matrix out{checkpoint.bytes(tensor).data(), tensor.dtype, rows, cols};
  out.data += first * out.row_bytes();
  return stored(out, tensor);
}

MOE_INLINE Matrix WeightReader::decoded(const TensorInfo& tensor, std::size_t first, std::size_t rows) const {
  const Checkpoint& checkpoint = source_.checkpoint();
  const MatrixLocator locator(checkpoint, source_.quantisation());
  const MatrixLocation location = locator.rows_of(locator.stack(tensor, 2), 0, first, rows);
  const Matrix matrix =
      read_matrix(checkpoint.files(), location, memory_.emplace_back(location.bytes()).data());
  if (progress_) progress_(matrix.bytes());
  return matrix;
}

MOE_INLINE Matrix WeightReader::stack(Role role, std::size_t layer, std::size_t count, std::size_t rows,
                                      std::size_t cols) const {
  const Checkpoint& checkpoint = source_.checkpoint();
  const TensorInfo& tensor = checkpoint.at(name_of(role, layer));
  checkpoint.require_shape(tensor, {count, rows, cols});
  checkpoint.require_usable(tensor);
  return stored({checkpoint.bytes(tensor).data(), tensor.dtype, count * rows, cols}, tensor);
}

MOE_INLINE Matrix WeightReader::gather(const Matrix& from, std::span<const std::size_t> rows) const {
  const Matrix out = new_matrix(from.dtype, rows.size(), from.cols);
  std::byte* to = memory_.back().data();
  for (const std::size_t row : rows) {
    std::memcpy(to, from.data + row * from.row_bytes(), from.row_bytes());
    to += from.row_bytes();
  }
  return out;
}

MOE_INLINE Matrix WeightReader::transposed(const Matrix& from) const {
  const Matrix out = new_matrix(DType::f32, from.cols, from.rows);
  std::byte* const to = memory_.back().data();
  std::vector<float> row(from.cols);
  for (std::size_t r = 0; r < from.rows; ++r) {
    dequantise(from.row(r), row);
    for (std::size_t c = 0; c < from.cols; ++c)
      std::memcpy(to + (c * from.rows + r) * sizeof(float), &row[c], sizeof(float));
  }
  return out;
}

MOE_INLINE std::vector<float> WeightReader::vector(Role role, std::size_t layer, std::size_t size,
                                                   bool optional) const {
  if (optional && !has(role, layer)) return {};
  return dequantise(source_.checkpoint().vector(name_of(role, layer), size));
}

MOE_INLINE std::vector<float> WeightReader::flat_vector(Role role, std::size_t layer,
                                                        std::size_t size) const {
  const Checkpoint& checkpoint = source_.checkpoint();
  const TensorInfo& tensor = checkpoint.at(name_of(role, layer));
  checkpoint.require_usable(tensor);
  if (checked_product(tensor.shape) != size)
    fail(checkpoint.file_of(tensor), concat("tensor \"", tensor.name, '"'), concat(size, " numbers"),
         describe(tensor));
  return dequantise({checkpoint.bytes(tensor).data(), tensor.dtype, size});
}

MOE_INLINE std::vector<float> WeightReader::part_of(Role role, std::size_t layer, std::size_t all,
                                                    std::size_t first, std::size_t size) const {
  const std::vector<float> whole = vector(role, layer, all);
  const auto begin = whole.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(size)};
}

MOE_INLINE std::vector<float> WeightReader::norm_vector(Role role, std::size_t layer,
                                                        std::size_t size) const {
  std::vector<float> out = vector(role, layer, size);
  if (spec_.norm_offset != 0)
    for (float& weight : out) weight += spec_.norm_offset;
  return out;
}

MOE_INLINE Norm WeightReader::norm(Role weight, Role bias, std::size_t layer) const {
  Norm out = rms_norm(weight, layer);
  if (spec_.norm == ModelSpec::Norm::layer) out.bias = vector(bias, layer, spec_.hidden_size);
  return out;
}

MOE_INLINE Norm WeightReader::rms_norm(Role weight, std::size_t layer) const {
  return {norm_vector(weight, layer, spec_.hidden_size), {}, spec_.norm_epsilon};
}

MOE_INLINE std::vector<float> WeightReader::taps(std::size_t layer, std::size_t kernel,
                                                 std::size_t channels) const {
  const Matrix stored_taps = source_.checkpoint().matrix(name_of(Role::convolution, layer), channels, kernel);
  std::vector<float> out(kernel * channels), row(kernel);
  for (std::size_t c = 0; c < channels; ++c) {
    dequantise(stored_taps.row(c), row);
    for (std::size_t j = 0; j < kernel; ++j) out[j * channels + c] = row[j];
  }
  return out;
}

MOE_INLINE std::vector<float> WeightReader::negative_decay(std::size_t layer, std::size_t heads,
                                                           bool is_log) const {
  std::vector<float> out = vector(Role::decay, layer, heads);
  if (is_log)
    for (float& decay : out) decay = static_cast<float>(-portable::exp(static_cast<double>(decay)));
  return out;
}

inline bool same_bytes(const Matrix& a, const Matrix& b) {
  return a.dtype == b.dtype && a.bytes() == b.bytes() && std::memcmp(a.data, b.data, a.bytes()) == 0;
}

MOE_INLINE bool WeightReader::has_own_head() const {
  if (!has(Role::head)) return false;
  if (!spec_.tied_embeddings) return true;
  const std::size_t rows = spec_.vocabulary_size, cols = spec_.hidden_size;
  const Checkpoint& checkpoint = source_.checkpoint();
  return !same_bytes(checkpoint.matrix(name_of(Role::head, 0), rows, cols),
                     checkpoint.matrix(name_of(Role::embedding, 0), rows, cols));
}

MOE_INLINE Embedding WeightReader::embedding() const {
  const Checkpoint& checkpoint = source_.checkpoint();
  const std::string name = name_of(Role::embedding, 0);
  const Matrix matrix = checkpoint.matrix(name, spec_.vocabulary_size, spec_.hidden_size);
  const TensorInfo& tensor = checkpoint.at(name);
  if (storage_ == WeightStorage::owned && has_own_head())
    return {matrix, checkpoint.files()[tensor.file], tensor.offset};
  return Embedding(stored(matrix, tensor));
}

MOE_INLINE Matrix WeightReader::head(const Embedding& embedding) const {
  const std::string name = name_of(Role::head, 0);
  if (!has(Role::head) && !spec_.tied_embeddings)
    fail(source_.checkpoint().path(), "head",
         concat("tensor \"", name, "\", or tie_word_embeddings to be true"),
         concat("tie_word_embeddings is false and ", name, " is missing"));
  if (!has_own_head()) return embedding.matrix();
  return matrix(Role::head, 0, spec_.vocabulary_size, spec_.hidden_size);
}

}  // namespace moe::inline MOE_ABI::detail
