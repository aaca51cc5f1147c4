// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../simd/kernels.hpp"
#include "../spec/model_spec.hpp"
#include "step.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The cosines and sines of the angles of a step's positions, times the magnitude. [tokens, pairs]
struct Angles {
  std::span<float> cosines, sines;
  std::size_t pairs = 0;
  bool neighbours = false;  // whether the two numbers of a pair are neighbours in a head; see rotate()

  const float* cosines_of(std::size_t token) const { return cosines.data() + token * pairs; }
  const float* sines_of(std::size_t token) const { return sines.data() + token * pairs; }
};

/// The different rotary embeddings of a model. Their angles are computed once per step for all layers.
class RopeTable {
 public:
  explicit RopeTable(const ModelSpec& spec);

  std::size_t size() const { return ropes_.size(); }

  /// The index of the rotary embedding of a layer; size() if the layer has none.
  std::size_t of_layer(std::size_t layer) const { return of_layer_[layer]; }

  /// Takes memory for the angles of a step. out: [size()]
  void take_angles(const Workspace& space, std::span<Angles> out) const;

  /// Takes memory for the angles of a step, and computes them. The context of each sequence decides between short and long
  /// frequencies; see RopeSpec::short_positions.
  void set_angles(const Step& step, std::span<Angles> out) const;

 private:
  std::vector<RopeSpec> ropes_;
  std::vector<std::size_t> of_layer_;
};

/// Rotates the pairs of a head. Neighbours (a0 b0 a1 b1 ...) are reordered to (a0 a1 ... b0 b1 ...) first: queries and keys
/// then have the same order, so their products do not change. head: [>= 2 · pairs]. spare: [2 · pairs], overwritten.
void rotate(const simd::Kernels& kernels, const Angles& angles, std::size_t token, float* head,
            float* spare) noexcept;

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "rope.ipp"
#endif
