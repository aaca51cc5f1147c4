// SPDX-License-Identifier: MIT
#pragma once
#include "rope_reader.hpp"
#include "../core/concat.hpp"
#include "../core/decimal.hpp"
#include "../core/dequantise.hpp"
#include "../core/error.hpp"
#include "../core/portable_math.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

inline constexpr double two_pi = 6.283185307179586;

/// YaRN: frequencies with many rotations within the original context stay as they are, slow frequencies are divided by the
/// factor, and frequencies between the two are mixed by a linear ramp. i: the index of the pair; d: the number of rotated
/// dimensions. Source: Peng et al. 2023 (arXiv 2309.00071).
MOE_INLINE double yarn_frequency(const RopeParameters& rope, double frequency, double i, double d) {
  const auto index_of = [&](double turns) {
    return d * portable::log(rope.original_positions / (turns * two_pi)) / (2 * portable::log(rope.theta));
  };
  double low = index_of(rope.beta_fast), high = index_of(rope.beta_slow);
  if (rope.truncate) low = std::floor(low), high = std::ceil(high);
  low = std::max(low, 0.0);
  high = std::min(high, d - 1);
  if (low == high) high += 0.001;
  const double ramp = std::min(std::max((i - low) / (high - low), 0.0), 1.0);
  return frequency / rope.factor * ramp + frequency * (1 - ramp);
}

/// The scaling of Llama 3: frequencies of short wavelengths stay as they are, and frequencies of long wavelengths are divided
/// by the factor, with a smooth transition between the two.
MOE_INLINE double llama3_frequency(const RopeParameters& rope, double frequency) {
  const double wavelength = two_pi / frequency;
  if (wavelength > rope.original_positions / rope.low_frequency_factor) return frequency / rope.factor;
  if (wavelength < rope.original_positions / rope.high_frequency_factor) return frequency;
  const double smooth = (rope.original_positions / wavelength - rope.low_frequency_factor) /
                        (rope.high_frequency_factor - rope.low_frequency_factor);
  return (1 - smooth) * frequency / rope.factor + smooth * frequency;
}

MOE_INLINE double scaled_frequency(const RopeParameters& rope, double frequency, double i, double d) {
  using enum RopeParameters::Scaling;
  switch (rope.scaling) {
    case linear: return frequency / rope.factor;
    case yarn: return yarn_frequency(rope, frequency, i, d);
    case llama3: return llama3_frequency(rope, frequency);
    case proportional: return 2 * i + 2 <= rope.share * d ? frequency / rope.factor : 0;
    case none:
    case longrope: break;
  }
  return frequency;
}

/// Divisors of frequencies that a GGUF file stores.
MOE_INLINE std::vector<double> stored_divisors(const SpecReader& reader, Role role, std::size_t pairs) {
  // Divisors from 1e20 on mean that a pair is not rotated; see divided().
  constexpr float least = 1e-6f, most = 2e30f;
  const std::string name = reader.names().of(role);
  std::vector<double> out;
  for (const float divisor : dequantise(reader.checkpoint().vector(name, pairs))) {
    if (!(divisor >= least && divisor <= most))
      fail(reader.checkpoint().file_of(reader.checkpoint().at(name)), concat("tensor \"", name, '"'),
           "numbers from 1e-6 to 2e30", concat(to_decimal(divisor), " in element ", out.size()));
    out.push_back(divisor);
  }
  return out;
}

MOE_INLINE std::vector<double> divided(const std::vector<double>& frequencies,
                                       const std::vector<double>& divisors) {
  constexpr double still = 1e20;  // from this divisor on: no rotation
  std::vector<double> out;
  for (std::size_t i = 0; i < frequencies.size(); ++i)
    out.push_back(divisors[i] >= still ? 0 : frequencies[i] / divisors[i]);
  return out;
}

MOE_INLINE std::size_t rotated_size(const SpecReader& reader, const RopeParameters& rope,
                                    std::size_t head_dim) {
  const bool whole = rope.scaling == RopeParameters::Scaling::proportional;
  const bool stated = rope.size > 0 && !whole;
  const std::size_t out = stated  ? rope.size
                          : whole ? head_dim
                                  : static_cast<std::size_t>(rope.share * static_cast<double>(head_dim));
  const Key& key = stated ? keys::rotated : rope.share < 1 && !whole ? keys::rotated_share : keys::head_dim;
  if (out == 0 || out % 2 != 0)
    reader.fail_at(key, "an even number of rotated dimensions from 2 on", concat(out));
  const bool whole_heads = stated && reader.family().rotated == 1;
  if (out > head_dim || (whole_heads && out != head_dim))
    reader.fail_at(key, concat(whole_heads ? "" : "at most ", head_dim, ", the width of a head"),
                   concat(out));
  return out;
}

/// Adds the frequencies of longrope for long contexts, and divides the other frequencies by the divisors for short contexts.
MOE_INLINE void add_long_frequencies(const SpecReader& reader, const RopeParameters& rope, RopeSpec& out) {
  const std::size_t pairs = out.frequencies.size();
  std::vector<double> shorts = rope.short_factors, longs = rope.long_factors;
  if (reader.is_gguf()) {
    shorts = stored_divisors(reader, Role::rope_short, pairs);
    longs = stored_divisors(reader, Role::rope_long, pairs);
  }
  if (shorts.size() != pairs || longs.size() != pairs)
    reader.fail_at(reader.has(keys::rope_parameters) ? keys::rope_parameters : keys::rope_scaling,
                   concat("lists of ", pairs, " factors, one for each pair"),
                   concat("lists of ", shorts.size(), " and ", longs.size(), " factors"));
  out.long_frequencies = divided(out.frequencies, longs);
  out.frequencies = divided(out.frequencies, shorts);
  out.long_magnitude = rope.long_magnitude;
  out.short_positions = static_cast<std::size_t>(rope.original_positions);
}

MOE_INLINE RopeSpec make_rope(const SpecReader& reader, const RopeParameters& rope, std::size_t head_dim) {
  const std::size_t size = rotated_size(reader, rope, head_dim);
  const auto d = static_cast<double>(size);
  RopeSpec out{.frequencies = std::vector<double>(size / 2),
               .magnitude = rope.magnitude,
               .neighbours = rope.neighbours};
  for (std::size_t i = 0; i < size / 2; ++i) {
    const auto pair = static_cast<double>(i);
    const double frequency = portable::exp(-2.0 * pair / d * portable::log(rope.theta));
    out.frequencies[i] = scaled_frequency(rope, frequency, pair, d);
  }
  if (rope.stored_divisors)
    out.frequencies = divided(out.frequencies, stored_divisors(reader, Role::rope_divisors, size / 2));
  if (rope.scaling == RopeParameters::Scaling::longrope) add_long_frequencies(reader, rope, out);
  return out;
}

}  // namespace moe::inline MOE_ABI::detail
