#pragma once
#include "transformer.hpp"
#include "../core/concat.hpp"
#include "../core/dequantise.hpp"
#include "../core/error.hpp"
#include "../core/float_environment.hpp"
#include "attention.hpp"
#include "feed_forward.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace moe::inline MOE_ABI::detail {

/// The residual stream of a pass. [tokens, hidden]
inline std::span<const float> residual(const Pass& pass) {
  return {pass.scratch.x.data(), pass.tokens * pass.config.hidden_size};
}

/// Whether no number is infinite or not a number. Such numbers have all bits of the exponent set, so the largest magnitude
/// decides, and integers can be compared without branches.
inline bool all_finite(std::span<const float> numbers) {
  std::uint32_t largest = 0;
  for (const float number : numbers)
    largest = std::max(largest, std::bit_cast<std::uint32_t>(number) & 0x7fffffffu);
  return largest < 0x7f800000u;
}

}  // namespace moe::inline MOE_ABI::detail

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
  if (const ExpertCatalog* catalog = provider_.catalog()) detail::require_expert_shapes(*catalog, config_);
  check_allowed();
}

MOE_INLINE void Transformer::check_allowed() const {
  for (const ExpertId id : allowed_.ids()) {
    const std::string place = detail::concat("layer ", id.layer);
    if (id.layer >= config_.layers.size() || !config_.layers[id.layer].has_experts)
      detail::fail("allowed experts", place, "a layer with experts", "a layer without experts");
    if (id.expert >= config_.experts)
      detail::fail("allowed experts", place, detail::concat("experts below ", config_.experts),
                   detail::concat(id.expert));
    if (const std::size_t count = allowed_.of(id.layer).size(); count < config_.experts_per_token)
      detail::fail("allowed experts", place,
                   detail::concat("at least ", config_.experts_per_token, ", the experts of a token"),
                   detail::concat(count));
  }
}

MOE_INLINE Sequence Transformer::sequence(const SequenceOptions& options) const {
  detail::expect(options.context > 0, "sequence", "context", "at least 1 position", "0");
  detail::expect(options.kv_type == DType::f16 || options.kv_type == DType::f32, "sequence", "kv_type",
                 "f16 or f32", detail::name(options.kv_type));
  return Sequence(config_, options, compute_, weights_.layers.data());
}

MOE_INLINE void Transformer::check(const Sequence& sequence, std::span<const TokenId> ids) const {
  detail::expect(sequence.model_ == weights_.layers.data(), "forward", "sequence",
                 "a sequence of this transformer", "a sequence of another transformer");
  detail::expect(!ids.empty(), "forward", "ids", "at least one", "none");
  for (const TokenId id : ids)
    if (id >= config_.vocabulary_size)
      detail::fail("forward", "ids", detail::concat("ids below ", config_.vocabulary_size),
                   detail::concat(id));
  if (ids.size() > sequence.context() - sequence.position())
    detail::fail("forward", "context", detail::concat("at most ", sequence.context(), " positions"),
                 detail::concat(sequence.position() + ids.size()));
}

MOE_INLINE std::span<const float> Transformer::run(Sequence& sequence, std::span<const TokenId> ids,
                                                   const std::stop_token& stop, EachLogits each) const {
  check(sequence, ids);
  const detail::FloatEnvironment environment;
  for (std::size_t tokens; !ids.empty(); ids = ids.subspan(tokens)) {
    const Chunk chunk = next_chunk(sequence, ids);
    tokens = chunk.ids.size();
    RestrictionStatistics restriction = sequence.restriction_;
    embed(chunk);
    if (!run_layers(chunk, stop, restriction)) return {};
    if (!detail::all_finite(detail::residual(chunk.pass))) fail_not_finite(chunk);
    if (each) {
      for (std::size_t t = 0; t < tokens; ++t) each(chunk.pass.position + t, logits(chunk, t));
    } else if (tokens == ids.size()) {
      (void)logits(chunk, tokens - 1);
    }
    // Only now, so that a chunk that ends with an exception changes nothing.
    sequence.position_ += tokens;
    sequence.restriction_ = restriction;
  }
  return sequence.scratch_.logits.span();
}

MOE_INLINE Transformer::Chunk Transformer::next_chunk(Sequence& sequence,
                                                      std::span<const TokenId> ids) const {
  const std::size_t tokens = std::min(sequence.chunk_, ids.size());
  return {sequence,
          ids.first(tokens),
          {compute_, config_, sequence.scratch_, sequence.cache_, allowed_, sequence.position_, tokens}};
}

MOE_INLINE void Transformer::embed(const Chunk& chunk) const {
  const std::size_t hidden = config_.hidden_size;
  for (std::size_t t = 0; t < chunk.ids.size(); ++t)
    detail::dequantise(weights_.embedding.row(chunk.ids[t]),
                       chunk.pass.scratch.x.span().subspan(t * hidden, hidden));
  detail::set_angles(chunk.pass, rope_);
}

MOE_INLINE bool Transformer::run_layers(const Chunk& chunk, const std::stop_token& stop,
                                        RestrictionStatistics& restriction) const {
  const detail::Pass& pass = chunk.pass;
  for (std::size_t layer = 0; layer < config_.layers.size(); ++layer) {
    if (stop.stop_requested()) return false;
    detail::attention_layer(pass, weights_.layers[layer], layer);
    run_feed_forward(chunk, layer, chunk.sequence.on_routes_);
    if (!allowed_.of(layer).empty()) restriction.add(pass.scratch.allowed_mass.span().first(pass.tokens));
  }
  return true;
}

MOE_INLINE void Transformer::run_feed_forward(const Chunk& chunk, std::size_t layer,
                                              FunctionRef<void(const Routes&)> on_routes) const {
  const detail::LayerWeights& w = weights_.layers[layer];
  if (!config_.layers[layer].has_experts) return detail::dense_layer(chunk.pass, w);
  const bool lookahead = chunk.sequence.lookahead_;
  detail::moe_layer(chunk.pass, {.index = static_cast<std::uint32_t>(layer),
                                 .weights = w,
                                 .provider = provider_,
                                 .held = chunk.sequence.held_,
                                 .on_routes = on_routes,
                                 .next = lookahead ? router_after(layer) : detail::NextRouter{},
                                 .before_sum = [&] { expect_after(layer); }});
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

MOE_INLINE std::span<const float> Transformer::logits(const Chunk& chunk, std::size_t t) const {
  if (!multiply_head(chunk.pass, t)) fail_not_finite(chunk);
  return chunk.pass.scratch.logits.span();
}

MOE_INLINE bool Transformer::multiply_head(const detail::Pass& pass, std::size_t t) const {
  detail::Scratch& s = pass.scratch;
  const std::size_t hidden = config_.hidden_size;
  compute_.rms_norm(&s.x[t * hidden], weights_.norm, config_.rms_norm_epsilon, s.normed.data(), 1);
  const detail::Activations input = compute_.prepare(detail::is_quantised(weights_.head.dtype),
                                                     s.normed.data(), hidden, 1, s.quantised_input);
  compute_.expect(nullptr);
  const detail::Product product{.weights = weights_.head,
                                .input = input,
                                .tokens = 1,
                                .out = s.logits.data(),
                                .out_stride = config_.vocabulary_size};
  std::atomic<bool> finite = true;
  // Each piece is checked while it is in a first-level cache.
  compute_.multiply({&product, 1},
                    [&](const detail::Product& p, std::size_t first, std::size_t rows) noexcept {
                      if (!detail::all_finite({p.out + first, rows}))
                        finite.store(false, std::memory_order_relaxed);
                    });
  return finite.load(std::memory_order_relaxed);
}

MOE_INLINE void Transformer::fail_not_finite(const Chunk& chunk) const {
  const detail::Pass& pass = chunk.pass;
  embed(chunk);
  require_finite(pass, "embedding");
  for (std::size_t layer = 0; layer < config_.layers.size(); ++layer) {
    detail::attention_layer(pass, weights_.layers[layer], layer);
    require_finite(pass, detail::concat("attention of layer ", layer));
    run_feed_forward(chunk, layer, {});
    require_finite(pass,
                   detail::concat(config_.layers[layer].has_experts ? "experts" : "feed-forward network",
                                  " of layer ", layer));
  }
  for (std::size_t t = 0; t < pass.tokens; ++t)
    if (!multiply_head(pass, t))
      detail::fail(checkpoint_.path(), "logits", "finite numbers",
                   detail::concat("numbers that are not, from the final norm or the head, at position ",
                                  pass.position + t));
  detail::fail(checkpoint_.path(), "logits", "finite numbers",
               "numbers that are not, but only in the first of two equal computations");
}

MOE_INLINE void Transformer::require_finite(const detail::Pass& pass, std::string_view part) const {
  const std::span<const float> x = detail::residual(pass);
  const auto found = std::find_if(x.begin(), x.end(), [](float number) { return !std::isfinite(number); });
  if (found == x.end()) return;
  const std::size_t token = static_cast<std::size_t>(found - x.begin()) / config_.hidden_size;
  detail::fail(checkpoint_.path(), part, "finite numbers",
               detail::concat(std::isnan(*found) ? "not a number" : "infinity", ", first at position ",
                              pass.position + token));
}

}  // namespace moe::inline MOE_ABI
