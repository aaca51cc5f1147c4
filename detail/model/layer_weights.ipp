// SPDX-License-Identifier: MIT
#pragma once
#include "layer_weights.hpp"
#include "../core/dequantise.hpp"
#include "../core/panels.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE Embedding::Embedding(const Matrix& matrix, const File& file, std::uint64_t offset)
    : matrix_(matrix), file_(&file), offset_(offset) {}

MOE_INLINE void Embedding::read_row(std::size_t id, std::span<float> out) const {
  if (!file_ && matrix_.order == Matrix::Order::rows) return dequantise(matrix_.row(id), out);
  thread_local std::vector<std::byte> row;
  row.resize(matrix_.row_bytes());
  if (file_) {
    file_->read_at(offset_ + id * matrix_.row_bytes(), row);
  } else {
    copy_row(matrix_, id, row.data());
  }
  dequantise({row.data(), matrix_.dtype, matrix_.cols}, out);
}

inline std::vector<Matrix*> matrices(std::monostate&) { return {}; }
inline std::vector<Matrix*> matrices(AttentionWeights& w) { return {&w.query, &w.key, &w.value, &w.output}; }
inline std::vector<Matrix*> matrices(LatentAttentionWeights& w) {
  std::vector<Matrix*> out{&w.query, &w.query_down, &w.query_up, &w.latent_down, &w.output};
  for (auto* heads : {&w.key_up, &w.value_up})
    for (Matrix& matrix : *heads) out.push_back(&matrix);
  return out;
}
inline std::vector<Matrix*> matrices(DeltaNetWeights& w) {
  return {&w.qkv, &w.gate, &w.beta, &w.decay, &w.output};
}
inline std::vector<Matrix*> matrices(Mamba2Weights& w) { return {&w.input, &w.output}; }
inline std::vector<Matrix*> matrices(ShortConvolutionWeights& w) { return {&w.input, &w.output}; }

MOE_INLINE std::vector<Matrix*> matrices_of(LayerWeights& layer) {
  auto out = std::visit([](auto& mixer) { return matrices(mixer); }, layer.mixer);
  FeedForwardWeights& w = layer.feed_forward;
  out.insert(out.end(), {&w.dense.gate, &w.dense.up, &w.dense.down, &w.router.matrix, &w.always_on.gate,
                         &w.always_on.up, &w.always_on.down, &w.latent_in, &w.latent_out});
  return out;
}

MOE_INLINE std::vector<const Matrix*> matrices_of(const LayerWeights& layer) {
  const std::vector<Matrix*> out = matrices_of(const_cast<LayerWeights&>(layer));
  return {out.begin(), out.end()};
}

inline FirstWeights first_of(const std::monostate&) { return {}; }
inline FirstWeights first_of(const AttentionWeights& w) {
  return {&w.query, w.query.bytes() + w.key.bytes() + w.value.bytes()};
}
inline FirstWeights first_of(const LatentAttentionWeights& w) {
  const Matrix& query = w.query.rows > 0 ? w.query : w.query_down;
  return {&query, query.bytes()};
}
inline FirstWeights first_of(const DeltaNetWeights& w) { return {&w.qkv, w.qkv.bytes()}; }
inline FirstWeights first_of(const Mamba2Weights& w) { return {&w.input, w.input.bytes()}; }
inline FirstWeights first_of(const ShortConvolutionWeights& w) { return {&w.input, w.input.bytes()}; }

MOE_INLINE FirstWeights first_weights(const MixerWeights& mixer) {
  return std::visit([](const auto& weights) { return first_of(weights); }, mixer);
}

}  // namespace moe::inline MOE_ABI::detail
