// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "rope_spec.hpp"
#include "spec_reader.hpp"

#include <cstddef>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The parameters of a rotary position embedding, from which the frequencies of a head are computed.
struct RopeParameters {
  /// How the frequencies differ from theta^(-2i/d), where d is the number of rotated dimensions of a head and i the index of a
  /// pair; see RopeSpec for the source.
  ///   proportional   only the first share · d / 2 pairs of a head are rotated; d is the width of the head
  enum class Scaling { none, linear, yarn, llama3, longrope, proportional };

  Scaling scaling = Scaling::none;
  double theta = 10000;
  double factor = 1;
  double original_positions = 0;  // the context length in training, before the scaling
  double magnitude = 1;           // factor of the sines and cosines
  bool neighbours = false;
  double share = 1;      // the share of a head that is rotated
  std::size_t size = 0;  // the number of rotated dimensions of a head, in place of a share; 0: not stated
  bool stored_divisors = false;  // a GGUF file stores divisors of the frequencies

  // yarn
  double beta_fast = 32, beta_slow = 1;
  bool truncate = true;
  double score_factor = 1;  // of the scores of latent attention

  // llama3
  double low_frequency_factor = 1, high_frequency_factor = 4;

  // longrope: divisors of the frequencies, for short contexts and for long contexts; empty if a GGUF file stores the divisors
  std::vector<double> short_factors = {}, long_factors = {};
  double long_magnitude = 1;
};

/// Reads the parameters of layers with a window (slides) or without a window from `rope_parameters` (transformers 5), from
/// `rope_theta` and `rope_scaling` (older versions), or from metadata of GGUF. max_positions: of the model.
RopeParameters read_rope(const SpecReader& reader, bool slides, std::size_t max_positions);

/// The number of rotated dimensions of a head of this width. Throws unless this number is even, from 2 to head_dim, and equal
/// to head_dim in families that rotate whole heads.
std::size_t rotated_size(const SpecReader& reader, const RopeParameters& parameters, std::size_t head_dim);

/// The frequencies for heads of this width. Throws if the checkpoint stores another number of divisors.
RopeSpec make_rope(const SpecReader& reader, const RopeParameters& parameters, std::size_t head_dim);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "rope_frequencies.ipp"
#include "rope_reader.ipp"
#endif
