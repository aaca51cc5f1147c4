#pragma once
#include "rope.hpp"
#include "../core/portable_math.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace moe::inline MOE_ABI::detail {

inline constexpr double two_pi = 6.283185307179586;

/// Frequencies with many rotations within the original context stay, slow frequencies are divided by the factor, and a
/// linear ramp lies between them. Source: Peng et al. 2023 (arXiv 2309.00071).
inline double yarn_frequency(const RopeConfig& config, double frequency, double i, double d) {
  const auto index_of = [&](double turns) {
    return d * portable::log(config.original_positions / (turns * two_pi)) /
           (2 * portable::log(config.theta));
  };
  double low = index_of(config.beta_fast);
  double high = index_of(config.beta_slow);
  if (config.truncate) low = std::floor(low), high = std::ceil(high);
  low = std::max(low, 0.0);
  high = std::min(high, d - 1);
  if (low == high) high += 0.001;
  const double ramp = std::min(std::max((i - low) / (high - low), 0.0), 1.0);
  return frequency / config.factor * ramp + frequency * (1 - ramp);
}

/// Frequencies of short wavelengths stay, frequencies of long ones are divided by the factor, with a smooth passage between.
inline double llama3_frequency(const RopeConfig& config, double frequency) {
  const double wavelength = two_pi / frequency;
  if (wavelength > config.original_positions / config.low_frequency_factor) return frequency / config.factor;
  if (wavelength < config.original_positions / config.high_frequency_factor) return frequency;
  const double smooth = (config.original_positions / wavelength - config.low_frequency_factor) /
                        (config.high_frequency_factor - config.low_frequency_factor);
  return (1 - smooth) * frequency / config.factor + smooth * frequency;
}

inline double scaled_frequency(const RopeConfig& config, double frequency, double i, double d) {
  switch (config.scaling) {
    case RopeConfig::Scaling::none: return frequency;
    case RopeConfig::Scaling::linear: return frequency / config.factor;
    case RopeConfig::Scaling::yarn: return yarn_frequency(config, frequency, i, d);
    case RopeConfig::Scaling::llama3: return llama3_frequency(config, frequency);
  }
  return frequency;
}

MOE_INLINE Rope::Rope(const RopeConfig& config, std::size_t head_dim)
    : frequencies_(head_dim / 2), magnitude_(config.magnitude) {
  const auto d = static_cast<double>(head_dim);
  for (std::size_t i = 0; i < head_dim / 2; ++i) {
    const double frequency = portable::exp(-2.0 * static_cast<double>(i) / d * portable::log(config.theta));
    frequencies_[i] = scaled_frequency(config, frequency, static_cast<double>(i), d);
    if (!config.divisors.empty()) frequencies_[i] /= static_cast<double>(config.divisors[i]);
  }
}

MOE_INLINE void Rope::angles(std::size_t position, float* cosines, float* sines) const {
  for (std::size_t i = 0; i < frequencies_.size(); ++i) {
    const auto [sine, cosine] = portable::sine_cosine(static_cast<double>(position) * frequencies_[i]);
    cosines[i] = static_cast<float>(cosine * magnitude_);
    sines[i] = static_cast<float>(sine * magnitude_);
  }
}

}  // namespace moe::inline MOE_ABI::detail
