// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <vector>

namespace moe::inline MOE_ABI {

/// A rotary position embedding, ready to use: at position p the pair i of a head is rotated by p · frequencies[i], and
/// multiplied by `magnitude`. The first 2 · frequencies.size() numbers of a head form the pairs; the other numbers pass
/// through. A frequency of 0 leaves its pair as it is.
/// Source: Su et al. 2021 (arXiv 2104.09864); scaling as in transformers' modeling_rope_utils.
struct RopeSpec {
  std::vector<double> frequencies;  // radians per position
  double magnitude = 1;             // factor of the sines and cosines
  bool neighbours = false;          // pairs are (2i, 2i + 1) in place of (i, i + frequencies.size())

  // longrope: sequences with a context of more than `short_positions` use these in place of the members above.
  std::vector<double> long_frequencies = {};
  double long_magnitude = 1;        // as magnitude
  std::size_t short_positions = 0;  // 0: no longrope

  bool operator==(const RopeSpec&) const = default;
};

}  // namespace moe::inline MOE_ABI
