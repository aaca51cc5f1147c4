// SPDX-License-Identifier: MIT
#pragma once
#include "transformer.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../core/float_environment.hpp"
#include "../core/portable_math.hpp"
#include "expert_requirements.hpp"
#include "norm.hpp"

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
#include <variant>

namespace moe::inline MOE_ABI::detail {

/// Whether all numbers are finite. Infinity and NaN have all bits of the exponent set, so the largest magnitude decides, and
/// magnitudes compare as integers without branches.
inline bool all_finite(std::span<const float> numbers) {
  std::uint32_t largest = 0;
  for (const float number : numbers)
    largest = std::max(largest, std::bit_cast<std::uint32_t>(number) & 0x7fffffffu);
  return largest < 0x7f800000u;
}

/// logit = cap · tanh(multiplier · logit / cap), and without a cap multiplier · logit.
inline void finish_logits(const ModelSpec& spec, const simd::Kernels& kernels,
                          std::span<float> logits) noexcept {
  if (spec.logit_multiplier != 1) kernels.scale(logits.data(), spec.logit_multiplier, logits.size());
  if (spec.logit_soft_cap == 0) return;
  const auto cap = static_cast<double>(spec.logit_soft_cap);
  for (float& logit : logits)  // tanh(z) = 1 - 2 / (e^2z + 1)
    logit = static_cast<float>(cap * (1 - 2 / (portable::exp(2 * static_cast<double>(logit) / cap) + 1)));
}

inline std::string_view name_of(const MixerSpec& mixer) {
  constexpr std::string_view names[] = {"input",     "attention",     "latent attention",
                                        "delta net", "Mamba-2 mixer", "short convolution"};
  return names[mixer.index()];
}

/// Throws unless KV caches can have this type: f16, f32, or q8_0 if heads are whole blocks of 32.
inline void require_kv_type(const ModelSpec& spec, DType type) {
  expect(type == DType::f16 || type == DType::f32 || type == DType::q8_0, "sequence", "kv_type",
         "f16, f32 or q8_0", type <= DType::other ? name(type) : "an unknown type");
  if (type != DType::q8_0) return;
  for (const LayerSpec& layer : spec.layers)
    if (const auto* attention = std::get_if<AttentionSpec>(&layer.mixer))
      if (attention->head_dim % 32 != 0)
        fail("sequence", "kv_type", "f16 or f32, since heads are not whole blocks of 32",
             concat("q8_0 for heads of ", attention->head_dim));
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE Transformer::Transformer(Checkpoint checkpoint, AnyProvider provider, ThreadPool& pool,
                                    TransformerOptions options)
    : checkpoint_(std::move(checkpoint)),
      spec_(checkpoint_),
      weights_(checkpoint_, spec_, options.weights),
      ropes_(spec_),
      compute_(pool, options.kernels ? *options.kernels : detail::simd::kernels()),
      provider_(std::move(provider)),
      allowed_(std::move(options.allowed_experts)),
      adjust_choice_(options.adjust_choice) {
  if (const ExpertCatalog* catalog = provider_.catalog()) detail::require_expert_shapes(*catalog, spec_);
  check_allowed();
  if (adjust_choice_) check_adjusted();
}

MOE_INLINE void Transformer::check_adjusted() const {
  detail::expect(allowed_.all(), "adjust_choice", "allowed experts", "all", "a restriction of the routers");
  for (std::size_t layer = 0; layer < spec_.layers.size(); ++layer)
    if (const RouterSpec* router = spec_.layers[layer].router())
      if (router->score == RouterSpec::Score::sparsemixer)
        detail::fail("adjust_choice", detail::concat("router of layer ", layer),
                     "experts that are chosen together by their scores",
                     "a sparsemixer, which chooses one after the other");
}

MOE_INLINE void Transformer::check_allowed() const {
  for (const ExpertId id : allowed_.ids()) {
    const std::string place = detail::concat("layer ", id.layer);
    const RouterSpec* router = id.layer < spec_.layers.size() ? spec_.layers[id.layer].router() : nullptr;
    if (!router) detail::fail("allowed experts", place, "a layer with experts", "a layer without experts");
    if (id.expert >= router->experts)
      detail::fail("allowed experts", place, detail::concat("experts below ", router->experts),
                   detail::concat(id.expert));
    if (const std::size_t count = allowed_.of(id.layer).size(); count < router->per_token)
      detail::fail("allowed experts", place,
                   detail::concat("at least ", router->per_token, ", the experts of a token"),
                   detail::concat(count));
  }
}

MOE_INLINE Sequence Transformer::sequence(const SequenceOptions& options) const {
  detail::expect(options.context > 0, "sequence", "context", "at least 1 position", "0");
  detail::require_kv_type(spec_, options.kv_type);
  const detail::StateOptions state = detail::state_options(options);
  const bool bf16_dot = compute_.kernels().to_bf16 != nullptr;
  const std::size_t scratch = detail::scratch_bytes(spec_, state.chunk, compute_.threads(), bf16_dot);
  return Sequence(weights_.layers.data(), options, detail::SequenceState(spec_, state), scratch,
                  ropes_.size(), detail::ExecutorLists(spec_.experts()));
}

MOE_INLINE void Transformer::check(const Sequence& sequence, std::span<const TokenId> ids) const {
  detail::expect(sequence.model_ == weights_.layers.data(), "forward", "sequence",
                 "a sequence of this transformer", "a sequence of another transformer");
  detail::expect(!ids.empty(), "forward", "ids", "at least one", "none");
  for (const TokenId id : ids)
    if (id >= spec_.vocabulary_size)
      detail::fail("forward", "ids", detail::concat("ids below ", spec_.vocabulary_size), detail::concat(id));
  if (ids.size() > sequence.context() - sequence.position())
    detail::fail("forward", "context", detail::concat("at most ", sequence.context(), " positions"),
                 detail::concat(sequence.position() + ids.size()));
}

MOE_INLINE std::span<const float> Transformer::run(Sequence& sequence, std::span<const TokenId> ids,
                                                   const std::stop_token& stop, EachLogits each) const {
  check(sequence, ids);
  const detail::FloatEnvironment environment;
  const detail::Arena::Frame frame(sequence.arena_);
  // The first array of the arena, so that the logits stay when the frame ends.
  const std::span<float> logits = sequence.arena_.take<float>(spec_.vocabulary_size);
  while (!ids.empty()) {
    const std::size_t tokens = run_chunk(sequence, ids, logits, stop, each);
    if (tokens == 0) return {};
    ids = ids.subspan(tokens);
  }
  return logits;
}

MOE_INLINE std::size_t Transformer::run_chunk(Sequence& sequence, std::span<const TokenId> ids,
                                              std::span<float> logits, const std::stop_token& stop,
                                              EachLogits each) const {
  const std::size_t tokens = std::min(sequence.state_.options().chunk, ids.size());
  detail::Arena& arena = sequence.arena_;
  const detail::Arena::Frame frame(arena);
  const Chunk chunk{sequence,
                    ids.first(tokens),
                    {compute_, arena, sequence.position(), tokens},
                    arena.take<float>(tokens * spec_.hidden_size),
                    logits};
  ropes_.set_angles(chunk.step, sequence.context(), sequence.angles_);
  sequence.state_.begin_step(tokens);
  RestrictionStatistics restriction = sequence.restriction_;
  embed(chunk);
  if (!run_layers(chunk, stop, restriction)) return 0;
  if (!detail::all_finite(chunk.x)) fail_not_finite(chunk);
  if (each) {
    for (std::size_t t = 0; t < tokens; ++t) {
      set_logits(chunk, t);
      each(chunk.step.position + t, logits);
    }
  } else if (tokens == ids.size()) {
    set_logits(chunk, tokens - 1);
  }
  // The last step, so that a chunk that ends with an exception changes nothing.
  sequence.state_.commit(tokens);
  sequence.restriction_ = restriction;
  return tokens;
}

MOE_INLINE detail::BlockContext Transformer::context_of(const Chunk& chunk) const {
  return {spec_, ropes_, chunk.sequence.angles_, chunk.sequence.state_};
}

MOE_INLINE void Transformer::embed(const Chunk& chunk) const {
  const std::size_t hidden = spec_.hidden_size;
  for (std::size_t t = 0; t < chunk.ids.size(); ++t) {
    const std::span<float> row = chunk.x.subspan(t * hidden, hidden);
    weights_.embedding.read_row(chunk.ids[t], row);
    if (spec_.embedding_multiplier != 1)
      compute_.kernels().scale(row.data(), spec_.embedding_multiplier, hidden);
  }
}

MOE_INLINE bool Transformer::run_layers(const Chunk& chunk, const std::stop_token& stop,
                                        RestrictionStatistics& restriction) const {
  for (std::size_t layer = 0; layer < spec_.layers.size(); ++layer) {
    if (stop.stop_requested()) return false;
    detail::run_mixer(chunk.step, context_of(chunk), layer, weights_.layers[layer], chunk.x.data());
    run_layer_networks(chunk, layer, chunk.sequence.on_routes_, restriction);
  }
  return true;
}

MOE_INLINE void Transformer::run_layer_networks(const Chunk& chunk, std::size_t layer,
                                                FunctionRef<void(const Routes&)> on_routes,
                                                RestrictionStatistics& restriction) const {
  const auto add_mass = [&](std::span<const float> mass) { restriction.add(mass); };
  const auto expect_next = [&] { expect_after(layer); };
  const detail::FeedForwardContext context{
      .layer = static_cast<std::uint32_t>(layer),
      .hidden = spec_.hidden_size,
      .provider = provider_,
      .allowed = allowed_,
      .lists = chunk.sequence.lists_,
      .on_routes = on_routes,
      .on_mass = add_mass,
      .next = chunk.sequence.options_.lookahead ? router_after(layer) : detail::NextRouter{},
      .before_sum = expect_next,
      .adjust_choice = adjust_choice_};
  detail::run_feed_forward(chunk.step, context_of(chunk), layer, weights_.layers[layer], context,
                           chunk.x.data());
}

MOE_INLINE void Transformer::expect_after(std::size_t layer) const {
  if (layer + 1 == spec_.layers.size()) return compute_.expect(&weights_.head, weights_.head.bytes());
  const auto [first, bytes] = detail::first_weights(weights_.layers[layer + 1].mixer);
  compute_.expect(first, bytes);
}

MOE_INLINE detail::NextRouter Transformer::router_after(std::size_t layer) const {
  for (std::size_t next = layer + 1; next < spec_.layers.size(); ++next)
    if (const RouterSpec* router = spec_.layers[next].router()) {
      if (router->own_norm) return {};
      return {static_cast<std::uint32_t>(next), router, &weights_.layers[next].feed_forward.router};
    }
  return {};
}

MOE_INLINE void Transformer::set_logits(const Chunk& chunk, std::size_t t) const {
  if (!multiply_head(chunk, t)) fail_not_finite(chunk);
}

MOE_INLINE bool Transformer::multiply_head(const Chunk& chunk, std::size_t t) const {
  const std::size_t hidden = spec_.hidden_size;
  detail::Arena& arena = chunk.step.arena;
  const detail::Arena::Frame frame(arena);
  const std::span<float> normed = arena.take<float>(hidden);
  const detail::simd::Kernels& kernels = compute_.kernels();
  detail::apply_to_token(kernels, weights_.norm, &chunk.x[t * hidden], normed.data());
  const detail::QuantisedActivations memory(arena, hidden, kernels.to_bf16 != nullptr);
  compute_.expect(nullptr);
  const detail::Product product{
      .weights = weights_.head,
      .input = compute_.prepare(detail::is_quantised(weights_.head.dtype), normed.data(), hidden, 1, memory),
      .tokens = 1,
      .out = chunk.logits.data(),
      .out_stride = spec_.vocabulary_size,
      .bias = detail::as_vector(weights_.head_bias)};
  std::atomic<bool> finite = true;
  // Each piece is finished and checked while it is in a first-level cache.
  compute_.multiply({&product, 1},
                    [&](const detail::Product& p, std::size_t first, std::size_t rows) noexcept {
                      const std::span<float> piece{p.out + first, rows};
                      detail::finish_logits(spec_, kernels, piece);
                      if (!detail::all_finite(piece)) finite.store(false, std::memory_order_relaxed);
                    });
  return finite.load(std::memory_order_relaxed);
}

MOE_INLINE void Transformer::fail_not_finite(const Chunk& chunk) const {
  RestrictionStatistics ignored;
  embed(chunk);
  require_finite(chunk, "embedding");
  for (std::size_t layer = 0; layer < spec_.layers.size(); ++layer) {
    detail::run_mixer(chunk.step, context_of(chunk), layer, weights_.layers[layer], chunk.x.data());
    require_finite(chunk, detail::concat(detail::name_of(spec_.layers[layer].mixer), " of layer ", layer));
    run_layer_networks(chunk, layer, {}, ignored);
    require_finite(chunk, detail::concat(spec_.layers[layer].router() ? "experts" : "feed-forward network",
                                         " of layer ", layer));
  }
  for (std::size_t t = 0; t < chunk.step.tokens; ++t)
    if (!multiply_head(chunk, t))
      detail::fail(checkpoint_.path(), "logits", "finite numbers",
                   detail::concat("NaN or infinity, from the final norm or the head, at position ",
                                  chunk.step.position + t));
  detail::fail(checkpoint_.path(), "logits", "finite numbers",
               "NaN or infinity, but only in the first of two computations of the same chunk");
}

MOE_INLINE void Transformer::require_finite(const Chunk& chunk, std::string_view part) const {
  const auto found =
      std::find_if(chunk.x.begin(), chunk.x.end(), [](float number) { return !std::isfinite(number); });
  if (found == chunk.x.end()) return;
  const std::size_t token = static_cast<std::size_t>(found - chunk.x.begin()) / spec_.hidden_size;
  detail::fail(checkpoint_.path(), part, "finite numbers",
               detail::concat(std::isnan(*found) ? "not a number" : "infinity", ", first at position ",
                              chunk.step.position + token));
}

}  // namespace moe::inline MOE_ABI
