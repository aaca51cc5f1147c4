#pragma once
#include "layer_weights.hpp"
#include "../core/dequantise.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE Embedding::Embedding(const Matrix& matrix, const File& file, std::uint64_t offset)
    : matrix_(matrix), file_(&file), offset_(offset) {}

MOE_INLINE void Embedding::read_row(std::size_t id, std::span<float> out) const {
  if (!file_) return dequantise(matrix_.row(id), out);
  thread_local std::vector<std::byte> row;
  row.resize(matrix_.row_bytes());
  file_->read_at(offset_ + id * matrix_.row_bytes(), row);
  dequantise({row.data(), matrix_.dtype, matrix_.cols}, out);
}

inline std::vector<const Matrix*> matrices(const std::monostate&) { return {}; }
inline std::vector<const Matrix*> matrices(const AttentionWeights& w) {
  return {&w.query, &w.key, &w.value, &w.output};
}
inline std::vector<const Matrix*> matrices(const LatentAttentionWeights& w) {
  std::vector<const Matrix*> out{&w.query, &w.query_down, &w.query_up, &w.latent_down, &w.output};
  for (const auto* heads : {&w.key_up, &w.value_up})
    for (const Matrix& matrix : *heads) out.push_back(&matrix);
  return out;
}
inline std::vector<const Matrix*> matrices(const DeltaNetWeights& w) {
  return {&w.qkv, &w.gate, &w.beta, &w.decay, &w.output};
}
inline std::vector<const Matrix*> matrices(const Mamba2Weights& w) { return {&w.input, &w.output}; }
inline std::vector<const Matrix*> matrices(const ShortConvolutionWeights& w) { return {&w.input, &w.output}; }

MOE_INLINE std::vector<const Matrix*> matrices_of(const LayerWeights& layer) {
  auto out = std::visit([](const auto& mixer) { return matrices(mixer); }, layer.mixer);
  const FeedForwardWeights& w = layer.feed_forward;
  out.insert(out.end(), {&w.dense.gate, &w.dense.up, &w.dense.down, &w.router.matrix, &w.always_on.gate,
                         &w.always_on.up, &w.always_on.down, &w.latent_in, &w.latent_out});
  return out;
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
