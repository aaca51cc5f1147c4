// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../spec/model_spec.hpp"
#include "feed_forward/feed_forward.hpp"
#include "rope.hpp"
#include "step.hpp"
#include "layer_weights.hpp"

#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// The arguments that all layers of a step share.
struct BlockContext {
  const ModelSpec& spec;
  const RopeTable& ropes;
  std::span<const Angles> angles;  // [ropes.size()]
};

/// The two parts of a layer. x: the residual stream, [tokens, hidden].
///   x += multiplier · post_norm(mixer(norm(x)))
///   x += multiplier · post_norm(feed_forward(x));   x *= scale
/// A layer may lack one part. The feed-forward part norms its input itself.
void run_mixer(const Step& step, const BlockContext& context, std::size_t layer, const LayerWeights& w,
               float* x);
void run_feed_forward(const Step& step, const BlockContext& context, std::size_t layer, const LayerWeights& w,
                      const FeedForwardContext& feed_forward, float* x);

/// For each layer in turn, takes the arrays of the layer from the arena and gives them back. Then peak_bytes() of the arena is
/// enough for any layer.
void reserve_blocks(const Workspace& space, const ModelSpec& spec);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "block.ipp"
#endif
