// SPDX-License-Identifier: MIT
#pragma once
#include "rope.hpp"
#include "../core/portable_math.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace moe::inline MOE_ABI::detail {

inline const RopeSpec* rope_of(const LayerSpec& layer) {
  if (const auto* attention = std::get_if<AttentionSpec>(&layer.mixer))
    return attention->rope ? &*attention->rope : nullptr;
  if (const auto* latent = std::get_if<LatentAttentionSpec>(&layer.mixer)) return &latent->rope;
  return nullptr;
}

MOE_INLINE RopeTable::RopeTable(const ModelSpec& spec) {
  std::vector<const RopeSpec*> of_layer;
  for (const LayerSpec& layer : spec.layers) {
    of_layer.push_back(rope_of(layer));
    if (of_layer.back() && std::find(ropes_.begin(), ropes_.end(), *of_layer.back()) == ropes_.end())
      ropes_.push_back(*of_layer.back());
  }
  for (const RopeSpec* rope : of_layer) {
    const auto found = rope ? std::find(ropes_.begin(), ropes_.end(), *rope) : ropes_.end();
    of_layer_.push_back(static_cast<std::size_t>(found - ropes_.begin()));
  }
}

MOE_INLINE void RopeTable::take_angles(const Workspace& space, std::span<Angles> out) const {
  for (std::size_t i = 0; i < ropes_.size(); ++i) {
    const std::size_t pairs = ropes_[i].frequencies.size();
    out[i] = {space.arena.take<float>(space.tokens * pairs), space.arena.take<float>(space.tokens * pairs),
              pairs, ropes_[i].neighbours};
  }
}

MOE_INLINE void RopeTable::set_angles(const Step& step, std::span<Angles> out) const {
  take_angles(step.workspace(), out);
  for (std::size_t i = 0; i < ropes_.size(); ++i) {
    const RopeSpec& rope = ropes_[i];
    const Angles& angles = out[i];
    step.compute.for_each(step.tokens, [&](std::size_t t, std::size_t) noexcept {
      const StepText& text = step.text_of(t);
      const bool is_long = !rope.long_frequencies.empty() && text.state.context() > rope.short_positions;
      const std::vector<double>& frequencies = is_long ? rope.long_frequencies : rope.frequencies;
      const double magnitude = is_long ? rope.long_magnitude : rope.magnitude;
      const auto position = static_cast<double>(text.position_of(t));
      for (std::size_t pair = 0; pair < angles.pairs; ++pair) {
        const auto [sine, cosine] = portable::sine_cosine(position * frequencies[pair]);
        angles.cosines[t * angles.pairs + pair] = static_cast<float>(cosine * magnitude);
        angles.sines[t * angles.pairs + pair] = static_cast<float>(sine * magnitude);
      }
    });
  }
}

MOE_INLINE void rotate(const simd::Kernels& kernels, const Angles& angles, std::size_t token, float* head,
                       float* spare) noexcept {
  if (angles.neighbours) {
    std::copy(head, head + 2 * angles.pairs, spare);
    for (std::size_t i = 0; i < angles.pairs; ++i) {
      head[i] = spare[2 * i];
      head[angles.pairs + i] = spare[2 * i + 1];
    }
  }
  kernels.rope(head, angles.cosines_of(token), angles.sines_of(token), angles.pairs);
}

}  // namespace moe::inline MOE_ABI::detail
