// SPDX-License-Identifier: MIT
#pragma once
#include "block.hpp"
#include "mixers/attention.hpp"
#include "mixers/delta_net.hpp"
#include "mixers/latent_attention.hpp"
#include "mixers/mamba2.hpp"
#include "mixers/short_convolution.hpp"
#include "norm.hpp"

#include <cstddef>
#include <variant>

namespace moe::inline MOE_ABI::detail {

/// out = mixer(h) for the mixer of one layer. h, out: [tokens, hidden].
class MixerRun {
 public:
  MixerRun(const Step& step, const BlockContext& context, std::size_t layer, const LayerWeights& w,
           const float* h, float* out)
      : step_(step), context_(context), layer_(layer), w_(w), h_(h), out_(out) {}

  void operator()(const AttentionSpec& spec) const {
    const std::size_t rope = context_.ropes.of_layer(layer_);
    attention(step_, spec, std::get<AttentionWeights>(w_.mixer),
              rope < context_.angles.size() ? &context_.angles[rope] : nullptr, context_.spec.norm_epsilon,
              layer_, h_, out_);
  }
  void operator()(const LatentAttentionSpec& spec) const {
    latent_attention(step_, spec, std::get<LatentAttentionWeights>(w_.mixer),
                     context_.angles[context_.ropes.of_layer(layer_)], layer_, h_, out_);
  }
  void operator()(const DeltaNetSpec& spec) const {
    delta_net(step_, spec, std::get<DeltaNetWeights>(w_.mixer), context_.spec.norm_epsilon, layer_, h_, out_);
  }
  void operator()(const Mamba2Spec& spec) const {
    mamba2(step_, spec, std::get<Mamba2Weights>(w_.mixer), context_.spec.norm_epsilon, layer_, h_, out_);
  }
  void operator()(const ShortConvolutionSpec& spec) const {
    short_convolution(step_, spec, std::get<ShortConvolutionWeights>(w_.mixer), layer_, h_, out_);
  }
  void operator()(const NoMixer&) const {}

 private:
  const Step& step_;
  const BlockContext& context_;
  std::size_t layer_;
  const LayerWeights& w_;
  const float* h_;
  float* out_;
};

/// x += multiplier · post_norm(y). y: overwritten.
inline void add_result(const Step& step, const LayerSpec& layer, const Norm& post_norm, float* y,
                       std::size_t hidden, float* x) {
  if (!post_norm.weight.empty()) apply(step, post_norm, y, y);
  step.compute.add(x, y, step.tokens, hidden, layer.residual_multiplier);
}

MOE_INLINE void run_mixer(const Step& step, const BlockContext& context, std::size_t layer,
                          const LayerWeights& w, float* x) {
  const LayerSpec& spec = context.spec.layers[layer];
  if (std::holds_alternative<NoMixer>(spec.mixer)) return;
  const std::size_t hidden = context.spec.hidden_size;
  const Arena::Frame frame(step.arena);
  float* const h = step.arena.take<float>(step.tokens * hidden).data();
  float* const y = step.arena.take<float>(step.tokens * hidden).data();
  apply(step, w.mixer_norm, x, h);
  std::visit(MixerRun(step, context, layer, w, h, y), spec.mixer);
  add_result(step, spec, w.mixer_post_norm, y, hidden, x);
}

MOE_INLINE void run_feed_forward(const Step& step, const BlockContext& context, std::size_t layer,
                                 const LayerWeights& w, const FeedForwardContext& feed_forward_context,
                                 float* x) {
  const LayerSpec& spec = context.spec.layers[layer];
  const std::size_t hidden = context.spec.hidden_size;
  const Arena::Frame frame(step.arena);
  if (spec.feed_forward) {
    float* const y = step.arena.take<float>(step.tokens * hidden).data();
    feed_forward(step, *spec.feed_forward, w.feed_forward, feed_forward_context, x, y);
    add_result(step, spec, w.feed_forward_post_norm, y, hidden, x);
  }
  if (w.scale == 1) return;
  step.compute.for_each(step.tokens, [&](std::size_t t, std::size_t) noexcept {
    step.kernels().scale(x + t * hidden, w.scale, hidden);
  });
}

inline void reserve(const Workspace& space, const AttentionSpec& spec, std::size_t hidden) {
  (void)AttentionBuffers(space, spec, hidden);
}
inline void reserve(const Workspace& space, const LatentAttentionSpec& spec, std::size_t hidden) {
  (void)LatentAttentionBuffers(space, spec, hidden);
}
inline void reserve(const Workspace& space, const DeltaNetSpec& spec, std::size_t hidden) {
  (void)DeltaNetBuffers(space, spec, hidden);
}
inline void reserve(const Workspace& space, const Mamba2Spec& spec, std::size_t hidden) {
  (void)Mamba2Buffers(space, spec, hidden);
}
inline void reserve(const Workspace& space, const ShortConvolutionSpec&, std::size_t hidden) {
  (void)ShortConvolutionBuffers(space, hidden);
}
inline void reserve(const Workspace&, const NoMixer&, std::size_t) {}

MOE_INLINE void reserve_blocks(const Workspace& space, const ModelSpec& spec) {
  for (const LayerSpec& layer : spec.layers) {
    const Arena::Frame frame(space.arena);
    (void)space.arena.take<float>(space.tokens * spec.hidden_size);
    (void)space.arena.take<float>(space.tokens * spec.hidden_size);
    std::visit([&](const auto& mixer) { reserve(space, mixer, spec.hidden_size); }, layer.mixer);
    if (layer.feed_forward) reserve_feed_forward(space, *layer.feed_forward, spec.hidden_size);
  }
}

}  // namespace moe::inline MOE_ABI::detail
