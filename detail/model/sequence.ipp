#pragma once
#include "sequence.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI {

MOE_INLINE void RestrictionStatistics::add(std::span<const float> masses) {
  choices += masses.size();
  for (const float one : masses) mass += static_cast<double>(one);
}

MOE_INLINE Sequence::Sequence(const ModelConfig& config, const SequenceOptions& options,
                              const detail::Compute& compute, const detail::LayerWeights* model)
    : model_(model),
      lookahead_(options.lookahead),
      chunk_(detail::chunk_of(options)),
      cache_(config.layers.size(), config.kv_heads, config.head_dim, options.context, options.kv_type),
      scratch_(config, chunk_, compute.threads(), compute.kernels().to_bf16 != nullptr) {
  held_.reserve(config.experts);
}

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::size_t chunk_of(const SequenceOptions& options) {
  return std::max(std::size_t{1}, std::min(options.chunk, options.context));
}

MOE_INLINE SequenceOptions fitted(SequenceOptions options, const ModelConfig& config) {
  options.context = std::min(options.context, config.max_positions);
  return options;
}

}  // namespace moe::inline MOE_ABI::detail
