#pragma once
#include "sequence.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI {

MOE_INLINE void RestrictionStatistics::add(std::span<const float> shares) {
  choices += shares.size();
  for (const float share : shares) mass += static_cast<double>(share);
}

MOE_INLINE Sequence::Sequence(const ModelConfig& config, const SequenceOptions& options, std::size_t threads,
                              bool bf16_dot)
    : lookahead_(options.lookahead),
      chunk_(std::max(std::size_t{1}, std::min(options.chunk, options.context))),
      cache_(config.layers.size(), config.kv_heads, config.head_dim, options.context, options.kv_type),
      scratch_(config, chunk_, threads, bf16_dot) {
  held_.reserve(config.experts);
}

}  // namespace moe::inline MOE_ABI
