#pragma once
#include "../core/buffer.hpp"
#include "../core/config.hpp"
#include "rope_config.hpp"

#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// Rotary position embedding: at position p, the pair (i, i + d/2) of a head of d numbers is rotated by p · frequency[i],
/// with frequency[i] = theta^(-2i/d), scaled. If heads store the pairs as (2i, 2i + 1), attention reorders them first.
/// Source: Su et al. 2021 (arXiv 2104.09864); scaling as in transformers' modeling_rope_utils.
class Rope {
 public:
  Rope(const RopeConfig& config, std::size_t head_dim);

  /// The frequencies in radians per position. [head_dim / 2]
  std::span<const double> frequencies() const { return frequencies_.span(); }

  /// The cosines and sines of all angles at a position, times the magnitude of the scaling. [head_dim / 2]
  void angles(std::size_t position, float* cosines, float* sines) const;

 private:
  Buffer<double> frequencies_;
  double magnitude_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "rope.ipp"
#endif
