// SPDX-License-Identifier: MIT
#pragma once
#include "transformer.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../core/float_environment.hpp"
#include "../core/portable_math.hpp"
#include "../experts/absent_provider.hpp"
#include "expert_requirements.hpp"
#include "norm.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Whether all numbers are finite. Infinity and NaN have all bits of the exponent set, so the largest magnitude decides, and
/// magnitudes compare as integers without branches.
inline bool all_finite(std::span<const float> numbers) {
  std::uint32_t largest = 0;
  for (const float number : numbers)
    largest = std::max(largest, std::bit_cast<std::uint32_t>(number) & 0x7fffffffu);
  return largest < 0x7f800000u;
}

/// logit = cap · tanh(multiplier · logit / cap), and without a cap multiplier · logit. Returns whether all numbers
/// multiplier · logit are finite: the cap would make infinity finite.
inline bool finish_logits(const ModelSpec& spec, const simd::Kernels& kernels,
                          std::span<float> logits) noexcept {
  if (spec.logit_multiplier != 1) kernels.scale(logits.data(), spec.logit_multiplier, logits.size());
  const bool finite = all_finite(logits);
  if (spec.logit_soft_cap == 0) return finite;
  const auto cap = static_cast<double>(spec.logit_soft_cap);
  for (float& logit : logits)  // tanh(z) = 1 - 2 / (e^2z + 1)
    logit = static_cast<float>(cap * (1 - 2 / (portable::exp(2 * static_cast<double>(logit) / cap) + 1)));
  return finite;
}

inline std::string_view name_of(const MixerSpec& mixer) {
  constexpr std::string_view names[] = {"input",     "attention",     "latent attention",
                                        "delta net", "Mamba-2 mixer", "short convolution"};
  return names[mixer.index()];
}

/// The position of the token in a row; in a step of several texts also the index of its text.
inline std::string place_of(const Step& step, std::size_t row) {
  const StepText& text = step.text_of(row);
  std::string place = concat("position ", text.position_of(row));
  if (step.texts.size() > 1) place += concat(" of sequence ", &text - step.texts.data(), " of the batch");
  return place;
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
      weights_(checkpoint_, spec_, options.weights, options.load_progress),
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

MOE_INLINE Transformer::Transformer(Checkpoint checkpoint, std::shared_ptr<ExpertExecutor> executor,
                                    ThreadPool& pool, TransformerOptions options)
    : Transformer(std::move(checkpoint), AnyProvider(detail::AbsentProvider()), pool, std::move(options)) {
  detail::expect(executor != nullptr, "transformer", "executor", "an executor", "null");
  executor_ = std::make_shared<detail::SharedExecutor>();
  executor_->executor = std::move(executor);
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
  const std::size_t scratch =
      detail::scratch_bytes(spec_, state.chunk, compute_.threads(), bf16_dot, executor_ != nullptr);
  return Sequence(weights_.layers.data(), options, detail::SequenceState(spec_, state), scratch,
                  ropes_.size(), detail::ExecutorLists(spec_.experts()));
}

MOE_INLINE Batch Transformer::batch(const BatchOptions& options) const {
  detail::expect(options.sequences > 0, "batch", "sequences", "at least 1", "0");
  if (options.tokens < options.sequences)
    detail::fail("batch", "tokens", detail::concat("at least ", options.sequences, ", one for each sequence"),
                 detail::concat(options.tokens));
  const bool bf16_dot = compute_.kernels().to_bf16 != nullptr;
  const std::size_t scratch = detail::scratch_bytes(spec_, options.tokens, compute_.threads(), bf16_dot,
                                                    executor_ != nullptr, options.sequences);
  return Batch(weights_.layers.data(), spec_, options, scratch, ropes_.size());
}

MOE_INLINE std::span<const float> Transformer::run(Sequence& sequence, std::span<const TokenId> ids,
                                                   const std::stop_token& stop, EachLogits each,
                                                   Progress progress) const {
  sequence.require_next(weights_.layers.data(), spec_.vocabulary_size, ids);
  const detail::FloatEnvironment environment;
  const detail::Arena::Frame frame(sequence.arena_);
  // The first array of the arena, so that the logits stay when the frame ends.
  const std::span<float> logits = sequence.arena_.take<float>(spec_.vocabulary_size);
  while (!ids.empty()) {
    const std::size_t tokens = run_chunk(sequence, ids, logits, stop, each, progress);
    if (tokens == 0) return {};
    ids = ids.subspan(tokens);
  }
  return logits;
}

MOE_INLINE std::size_t Transformer::run_chunk(Sequence& sequence, std::span<const TokenId> ids,
                                              std::span<float> logits, const std::stop_token& stop,
                                              EachLogits each, Progress progress) const {
  const std::size_t tokens = std::min(sequence.state_.options().chunk, ids.size());
  detail::Arena& arena = sequence.arena_;
  const detail::Arena::Frame frame(arena);
  detail::StepText text = sequence.begin_step(0, tokens);
  const auto on_layer = [&](std::size_t layers) {
    progress(static_cast<double>(text.position) +
             static_cast<double>(tokens * layers) / static_cast<double>(spec_.layers.size()));
  };
  const Pass pass{.ids = ids.first(tokens),
                  .step = {compute_, arena, tokens, {&text, 1}},
                  .x = arena.take<float>(tokens * spec_.hidden_size),
                  .angles = sequence.angles_,
                  .lists = sequence.lists_,
                  .lookahead = sequence.options_.lookahead,
                  .on_layer = progress ? Pass::OnLayer(on_layer) : Pass::OnLayer()};
  if (!compute(pass, stop)) return 0;
  const auto set_logits_of = [&](std::size_t t) {
    const auto row = static_cast<std::uint32_t>(t);
    set_logits(pass, {&row, 1}, logits);
  };
  if (each) {
    for (std::size_t t = 0; t < tokens; ++t) {
      set_logits_of(t);
      each(text.position + t, logits);
    }
  } else if (tokens == ids.size()) {
    set_logits_of(tokens - 1);
  }
  // The last step, so that a chunk that ends with an exception changes nothing.
  sequence.commit(text);
  return tokens;
}

MOE_INLINE bool Transformer::forward(Batch& batch, const std::stop_token& stop) const {
  detail::expect(batch.model_ == weights_.layers.data(), "forward", "batch", "a batch of this transformer",
                 "a batch of another transformer");
  detail::expect(batch.size() > 0, "forward", "batch", "at least one sequence", "none");
  for (std::size_t i = 0; i < batch.size(); ++i)
    if (const Batch::Entry& entry = batch.entries_[i]; entry.sequence->position() != entry.position)
      detail::fail("forward", detail::concat("sequence ", i, " of the batch"),
                   detail::concat("position ", entry.position, ", as when it was added"),
                   detail::concat(entry.sequence->position()));
  const detail::FloatEnvironment environment;
  const detail::Arena::Frame frame(batch.arena_);
  const std::size_t tokens = batch.ids_.size();
  batch.has_logits_ = false;
  // The first array of the arena, so that the logits stay when the frame ends.
  batch.logits_ = batch.arena_.take<float>(batch.size() * spec_.vocabulary_size);
  batch.texts_.clear();
  batch.last_rows_.clear();
  for (const Batch::Entry& entry : batch.entries_) {
    batch.texts_.push_back(entry.sequence->begin_step(entry.first, entry.tokens));
    batch.last_rows_.push_back(static_cast<std::uint32_t>(entry.first + entry.tokens - 1));
  }
  const Pass pass{.ids = batch.ids_,
                  .step = {compute_, batch.arena_, tokens, batch.texts_},
                  .x = batch.arena_.take<float>(tokens * spec_.hidden_size),
                  .angles = batch.angles_,
                  .lists = batch.lists_};
  if (!compute(pass, stop)) return false;
  set_logits(pass, batch.last_rows_, batch.logits_);
  // The last step, so that a pass that ends with an exception changes no sequence.
  for (std::size_t i = 0; i < batch.size(); ++i) batch.entries_[i].sequence->commit(batch.texts_[i]);
  batch.has_logits_ = true;
  return true;
}

MOE_INLINE bool Transformer::compute(const Pass& pass, const std::stop_token& stop) const {
  ropes_.set_angles(pass.step, pass.angles);
  embed(pass);
  for (std::size_t layer = 0; layer < spec_.layers.size(); ++layer) {
    if (stop.stop_requested()) return false;
    detail::run_mixer(pass.step, context_of(pass), layer, weights_.layers[layer], pass.x.data());
    run_layer_networks(pass, layer);
    if (pass.on_layer) pass.on_layer(layer + 1);
  }
  if (!detail::all_finite(pass.x)) fail_not_finite(pass);
  return true;
}

MOE_INLINE void Transformer::embed(const Pass& pass) const {
  const std::size_t hidden = spec_.hidden_size;
  for (std::size_t t = 0; t < pass.ids.size(); ++t) {
    const std::span<float> row = pass.x.subspan(t * hidden, hidden);
    weights_.embedding.read_row(pass.ids[t], row);
    if (spec_.embedding_multiplier != 1)
      compute_.kernels().scale(row.data(), spec_.embedding_multiplier, hidden);
  }
}

MOE_INLINE void Transformer::run_layer_networks(const Pass& pass, std::size_t layer) const {
  const auto expect_next = [&] { expect_after(layer); };
  const detail::FeedForwardContext context{
      .layer = static_cast<std::uint32_t>(layer),
      .hidden = spec_.hidden_size,
      .provider = provider_,
      .allowed = allowed_,
      .lists = pass.lists,
      .next = pass.lookahead ? router_after(layer) : detail::NextRouter{},
      .before_sum = expect_next,
      .executor = executor_.get(),
      .adjust_choice = adjust_choice_};
  detail::run_feed_forward(pass.step, context_of(pass), layer, weights_.layers[layer], context,
                           pass.x.data());
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

MOE_INLINE void Transformer::set_logits(const Pass& pass, std::span<const std::uint32_t> rows,
                                        std::span<float> logits) const {
  if (!multiply_head(pass, rows, logits)) fail_not_finite(pass);
}

MOE_INLINE bool Transformer::multiply_head(const Pass& pass, std::span<const std::uint32_t> rows,
                                           std::span<float> logits) const {
  const std::size_t hidden = spec_.hidden_size, vocabulary = spec_.vocabulary_size;
  detail::Arena& arena = pass.step.arena;
  const detail::Arena::Frame frame(arena);
  const std::span<float> normed = arena.take<float>(rows.size() * hidden);
  const detail::simd::Kernels& kernels = compute_.kernels();
  for (std::size_t i = 0; i < rows.size(); ++i)
    detail::apply_to_token(kernels, weights_.norm, &pass.x[rows[i] * hidden], &normed[i * hidden]);
  const detail::QuantisedActivations memory(arena, rows.size() * hidden, kernels.to_bf16 != nullptr);
  compute_.expect(nullptr);
  const detail::Product product{.weights = weights_.head,
                                .input = compute_.prepare(compute_.kernels().takes_int8(weights_.head.dtype),
                                                          normed.data(), hidden, rows.size(), memory),
                                .tokens = rows.size(),
                                .out = logits.data(),
                                .out_stride = vocabulary,
                                .bias = detail::as_vector(weights_.head_bias)};
  std::atomic<bool> finite = true;
  // Each piece is finished and checked while it is in a first-level cache.
  compute_.multiply({&product, 1},
                    [&](const detail::Product& p, std::size_t first, std::size_t count) noexcept {
                      for (std::size_t i = 0; i < p.tokens; ++i) {
                        const std::span<float> piece{p.out + i * p.out_stride + first, count};
                        if (!detail::finish_logits(spec_, kernels, piece))
                          finite.store(false, std::memory_order_relaxed);
                      }
                    });
  return finite.load(std::memory_order_relaxed);
}

MOE_INLINE void Transformer::fail_not_finite(const Pass& pass) const {
  for (detail::StepText& text : pass.step.texts) text.on_routes = {};
  embed(pass);
  require_finite(pass, "embedding");
  for (std::size_t layer = 0; layer < spec_.layers.size(); ++layer) {
    detail::run_mixer(pass.step, context_of(pass), layer, weights_.layers[layer], pass.x.data());
    require_finite(pass, detail::concat(detail::name_of(spec_.layers[layer].mixer), " of layer ", layer));
    run_layer_networks(pass, layer);
    require_finite(pass, detail::concat(spec_.layers[layer].router() ? "experts" : "feed-forward network",
                                        " of layer ", layer));
  }
  std::vector<float> logits(spec_.vocabulary_size);
  for (std::size_t t = 0; t < pass.step.tokens; ++t) {
    const auto row = static_cast<std::uint32_t>(t);
    if (!multiply_head(pass, {&row, 1}, logits))
      detail::fail(checkpoint_.path(), "logits", "finite numbers",
                   detail::concat("NaN or infinity, from the final norm or the head, at ",
                                  detail::place_of(pass.step, t)));
  }
  detail::fail(checkpoint_.path(), "logits", "finite numbers",
               "NaN or infinity, but only in the first of two computations of the same chunk");
}

MOE_INLINE void Transformer::require_finite(const Pass& pass, std::string_view part) const {
  const auto found =
      std::find_if(pass.x.begin(), pass.x.end(), [](float number) { return !std::isfinite(number); });
  if (found == pass.x.end()) return;
  const std::size_t row = static_cast<std::size_t>(found - pass.x.begin()) / spec_.hidden_size;
  detail::fail(checkpoint_.path(), part, "finite numbers",
               detail::concat(std::isnan(*found) ? "not a number" : "infinity", ", first at ",
                              detail::place_of(pass.step, row)));
}

}  // namespace moe::inline MOE_ABI
