#pragma once
#include "transformer.hpp"
#include "../core/concat.hpp"
#include "../core/dequantise.hpp"
#include "../core/error.hpp"
#include "../core/float_environment.hpp"
#include "attention.hpp"
#include "feed_forward.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stop_token>
#include <string>
#include <utility>

namespace moe::inline MOE_ABI {

MOE_INLINE Transformer::Transformer(Checkpoint checkpoint, AnyProvider provider, ThreadPool& pool,
                                    TransformerOptions options)
    : checkpoint_(std::move(checkpoint)),
      config_(checkpoint_),
      weights_(checkpoint_, config_, options.weights),
      rope_(config_.rope, config_.head_dim),
      compute_(pool, options.kernels ? *options.kernels : detail::simd::kernels()),
      provider_(std::move(provider)),
      allowed_(std::move(options.allowed_experts)) {
  check_allowed();
}

MOE_INLINE Sequence Transformer::sequence(const SequenceOptions& options) const {
  detail::expect(options.context > 0, "sequence", "context", "at least 1 position", "0");
  detail::expect(options.kv_type == DType::f16 || options.kv_type == DType::f32, "sequence", "kv_type",
                 "f16 or f32", detail::name(options.kv_type));
  return Sequence(config_, options, compute_.threads(), compute_.kernels().to_bf16 != nullptr);
}

MOE_INLINE std::span<const float> Transformer::forward_each(
    Sequence& sequence, std::span<const TokenId> ids,
    FunctionRef<void(std::size_t, std::span<const float>)> each, const std::stop_token& stop) const {
  return run(sequence, ids, stop, each);
}

MOE_INLINE std::span<const float> Transformer::run(Sequence& sequence, std::span<const TokenId> ids,
                                                   const std::stop_token& stop, EachLogits each) const {
  check(sequence, ids);
  const detail::FloatEnvironment environment;
  while (!ids.empty()) {
    const std::size_t tokens = std::min(sequence.chunk_, ids.size());
    const detail::Pass pass{compute_,           config_, sequence.scratch_, sequence.cache_, allowed_,
                            sequence.position_, tokens};
    embed(pass, ids.first(tokens));
    if (!run_layers(pass, sequence, stop)) return {};
    sequence.position_ += tokens;
    ids = ids.subspan(tokens);
    if (each)
      for (std::size_t t = 0; t < tokens; ++t) each(pass.position + t, logits(pass, t));
    else if (ids.empty())
      (void)logits(pass, tokens - 1);
  }
  return sequence.scratch_.logits.span();
}

MOE_INLINE void Transformer::check(const Sequence& sequence, std::span<const TokenId> ids) const {
  detail::expect(!ids.empty(), "forward", "ids", "at least one", "none");
  for (const TokenId id : ids)
    if (id >= config_.vocabulary_size)
      detail::fail("forward", "ids", detail::concat("ids below ", config_.vocabulary_size),
                   detail::concat(id));
  if (ids.size() > sequence.context() - sequence.position())
    detail::fail("forward", "context", detail::concat("at most ", sequence.context(), " positions"),
                 detail::concat(sequence.position() + ids.size()));
}

MOE_INLINE void Transformer::check_allowed() const {
  for (const ExpertId id : allowed_.ids()) {
    const std::string place = detail::concat("layer ", id.layer);
    if (id.layer >= config_.layers.size() || !config_.layers[id.layer].has_experts)
      detail::fail("allowed experts", place, "a layer with experts", "none");
    if (id.expert >= config_.experts)
      detail::fail("allowed experts", place, detail::concat("experts below ", config_.experts),
                   detail::concat(id.expert));
    if (const std::size_t count = allowed_.of(id.layer).size(); count < config_.experts_per_token)
      detail::fail("allowed experts", place, detail::concat("at least ", config_.experts_per_token),
                   detail::concat(count));
  }
}

MOE_INLINE void Transformer::embed(const detail::Pass& pass, std::span<const TokenId> ids) const {
  for (std::size_t t = 0; t < ids.size(); ++t)
    detail::dequantise(weights_.embedding.row(ids[t]),
                       pass.scratch.x.span().subspan(t * config_.hidden_size, config_.hidden_size));
  detail::set_angles(pass, rope_);
}

MOE_INLINE bool Transformer::run_layers(const detail::Pass& pass, Sequence& sequence,
                                        const std::stop_token& stop) const {
  for (std::size_t layer = 0; layer < config_.layers.size(); ++layer) {
    if (stop.stop_requested()) return false;
    const detail::LayerWeights& w = weights_.layers[layer];
    detail::attention_layer(pass, w, layer);
    if (config_.layers[layer].has_experts) {
      detail::moe_layer(pass, w, layer, provider_, sequence.held_, sequence.on_routes_,
                        sequence.lookahead_ ? router_after(layer) : detail::NextRouter{},
                        [&] { expect_after(layer); });
      if (!allowed_.of(layer).empty())
        sequence.restriction_.add(pass.scratch.allowed_mass.span().first(pass.tokens));
    } else {
      detail::dense_layer(pass, w);
    }
  }
  return true;
}

MOE_INLINE void Transformer::expect_after(std::size_t layer) const {
  if (layer + 1 == config_.layers.size()) return compute_.expect(&weights_.head, weights_.head.bytes());
  const detail::LayerWeights& w = weights_.layers[layer + 1];
  compute_.expect(&w.query, w.query.bytes() + w.key.bytes() + w.value.bytes());
}

MOE_INLINE detail::NextRouter Transformer::router_after(std::size_t layer) const {
  for (std::size_t next = layer + 1; next < config_.layers.size(); ++next)
    if (config_.layers[next].has_experts)
      return {static_cast<std::uint32_t>(next), &weights_.layers[next].router};
  return {};
}

MOE_INLINE std::span<const float> Transformer::logits(const detail::Pass& pass, std::size_t t) const {
  detail::Scratch& s = pass.scratch;
  const std::size_t hidden = config_.hidden_size;
  compute_.rms_norm(&s.x[t * hidden], weights_.norm, config_.rms_norm_epsilon, s.normed.data(), 1);
  const detail::Activations input = compute_.prepare(detail::is_quantised(weights_.head.dtype),
                                                     s.normed.data(), hidden, 1, s.quantised_input);
  compute_.expect(nullptr);
  compute_.multiply({.weights = weights_.head,
                     .input = input,
                     .tokens = 1,
                     .out = s.logits.data(),
                     .out_stride = config_.vocabulary_size});
  return s.logits.span();
}

}  // namespace moe::inline MOE_ABI
