#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <vector>

namespace moe::inline MOE_ABI {

/// The parameters of the rotary position embedding; see detail::Rope.
struct RopeConfig {
  enum class Scaling { none, linear, yarn, llama3 };

  double theta = 10000;
  Scaling scaling = Scaling::none;
  double factor = 1;
  double original_positions = 0;  // the context length in training, before the scaling

  bool interleaved = false;  // whether heads store the pairs (2i, 2i + 1) in place of (i, i + head_dim / 2)
  std::vector<float> divisors = {};  // divisors of the frequencies, [head_dim / 2]; empty: none

  // yarn
  double beta_fast = 32;
  double beta_slow = 1;
  bool truncate = true;
  double magnitude = 1;  // factor of the sines and cosines

  // llama3
  double low_frequency_factor = 1;
  double high_frequency_factor = 4;

  bool operator==(const RopeConfig&) const = default;
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

class ConfigReader;

/// Reads `rope_parameters` (transformers 5), or `rope_theta` and `rope_scaling` (before). If `rope_parameters` has one entry
/// per kind of layer, these must be equal.
RopeConfig rope_config_of(const ConfigReader& config, double default_theta, std::size_t max_positions);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "rope_config.ipp"
#endif
