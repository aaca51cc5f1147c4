#pragma once
#include "../core/config.hpp"
#include "config_reader.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace moe::inline MOE_ABI {

/// How positions turn the heads of queries and keys.
struct RopeConfig {
  enum class Scaling { none, linear, yarn, llama3 };

  double theta = 10000;
  Scaling scaling = Scaling::none;
  double factor = 1;
  double original_positions = 0;  // what the model was trained on before it was stretched

  bool interleaved = false;          // whether heads are stored with neighbours turned together: see Rope
  std::vector<float> divisors = {};  // of the frequencies, [head_dim / 2]; empty: none

  // yarn
  double beta_fast = 32;
  double beta_slow = 1;
  bool truncate = true;
  double magnitude = 1;  // what sines and cosines are multiplied by

  // llama3
  double low_frequency_factor = 1;
  double high_frequency_factor = 4;

  bool operator==(const RopeConfig&) const = default;
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// The magnitude of YaRN: `attention_factor` if it is given; otherwise from the two mscales or the factor alone.
double yarn_magnitude(const ConfigReader& scaling, double factor);

void read_scaling(const ConfigReader& reader, std::size_t max_positions, RopeConfig& out);

/// What `parameters` say, if there are any, and `config` around them.
RopeConfig read_rope(const ConfigReader& config, const std::optional<ConfigReader>& parameters,
                     double default_theta, std::size_t max_positions);

/// Reads `rope_parameters` (transformers 5; possibly one per kind of layer, which must say the same) or `rope_theta` and
/// `rope_scaling` (before).
RopeConfig rope_config_of(const ConfigReader& config, double default_theta, std::size_t max_positions);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "rope_config.ipp"
#endif
