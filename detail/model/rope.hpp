#pragma once
#include "../core/buffer.hpp"
#include "../core/config.hpp"
#include "rope_config.hpp"

#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// Rotary position embedding: at position p, the pair (i, i + d/2) of a head of d numbers is turned by p · frequency[i].
/// Where heads are stored with the pair (2i, 2i + 1) in place of that, attention sorts them first.
/// Source: Su et al. 2021 (arXiv 2104.09864); scaling as transformers' modeling_rope_utils.
class Rope {
 public:
  Rope(const RopeConfig& config, std::size_t head_dim);

  /// The frequencies in radians per position. [head_dim / 2]
  std::span<const double> frequencies() const { return frequencies_.span(); }

  /// The cosines and sines of all angles at a position, times the magnitude of the scaling. [head_dim / 2]
  void angles(std::size_t position, float* cosines, float* sines) const;

 private:
  static constexpr double two_pi = 6.283185307179586;

  static double scaled(const RopeConfig& config, double frequency, double i, double d);

  /// Frequencies that turn often within the original length stay, slow ones are stretched, with a ramp between.
  /// Source: Peng et al. 2023 (arXiv 2309.00071).
  static double yarn(const RopeConfig& config, double frequency, double i, double d);

  static double llama3(const RopeConfig& config, double frequency);

  Buffer<double> frequencies_;
  double magnitude_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "rope.ipp"
#endif
