#pragma once
#include "../core/dequantise.hpp"
#include "../core/error.hpp"
#include "../core/float_environment.hpp"
#include "../core/function_ref.hpp"
#include "../core/thread_pool.hpp"
#include "../core/token.hpp"
#include "../experts/allowed_experts.hpp"
#include "../experts/any_provider.hpp"
#include "../io/checkpoint.hpp"
#include "attention.hpp"
#include "compute.hpp"
#include "config.hpp"
#include "feed_forward.hpp"
#include "moe_layer.hpp"
#include "rope.hpp"
#include "sequence.hpp"
#include "weights.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <stop_token>
#include <string>
#include <utility>

namespace moe {

/// How a transformer is made.
struct TransformerOptions {
  WeightStorage weights = WeightStorage::mapped;
  // Restricts the routers, for experiments and for checkpoints that lack experts: the others are never chosen.
  AllowedExperts allowed_experts = {};
  const simd::Kernels* kernels = nullptr;  // null: those of the best instruction set of this machine
};

/// A decoder-only transformer: token ids in, logits out. Its experts come from a provider, everything else from the
/// checkpoint, which it keeps open.
///
/// For one instruction set the logits are the same to the bit whatever the provider, the number of threads and the chunks of
/// a prompt. Several threads may call forward() at once, each with a sequence of its own.
class Transformer {
 public:
  /// provider, pool: must outlive the transformer. Throws if the checkpoint is no complete model, or if the options restrict
  /// the routers to experts that it does not have, or to fewer of a layer than a token takes.
  template <ExpertProvider P>
  Transformer(Checkpoint checkpoint, P& provider, ThreadPool& pool, TransformerOptions options = {})
      : Transformer(std::move(checkpoint), AnyProvider(detail::ProviderReference<P>(provider)), pool,
                    std::move(options)) {}

  /// The same with a provider that the transformer shares.
  Transformer(Checkpoint checkpoint, AnyProvider provider, ThreadPool& pool, TransformerOptions options)
      : checkpoint_(std::move(checkpoint)),
        config_(checkpoint_),
        weights_(checkpoint_, config_, options.weights),
        rope_(config_.rope, config_.head_dim),
        compute_(pool, options.kernels ? *options.kernels : simd::kernels()),
        provider_(std::move(provider)),
        allowed_(std::move(options.allowed_experts)) {
    check_allowed();
  }

  const ModelConfig& config() const { return config_; }
  const ModelWeights& weights() const { return weights_; }
  const AllowedExperts& allowed_experts() const { return allowed_; }

  /// A new, empty sequence.
  Sequence sequence(const SequenceOptions& options = {}) const {
    expect(options.context > 0, "sequence", "context", "at least 1 position", "0");
    expect(options.kv_type == DType::f16 || options.kv_type == DType::f32, "sequence", "kv_type",
           "f16 or f32", name(options.kv_type));
    return Sequence(config_, options, compute_.threads(), compute_.kernels().to_bf16 != nullptr);
  }

  /// Appends `ids` to the sequence and returns the logits of the last one, [vocabulary], valid until the next call for this
  /// sequence; nothing if `stop` was requested before it was done.
  /// Throws if ids are empty or out of range, if they do not fit into the context, or if an expert cannot be had. After an
  /// error or a stop the sequence is what it was before the chunk in which it happened.
  std::span<const float> forward(Sequence& sequence, std::span<const TokenId> ids,
                                 const std::stop_token& stop = {}) const {
    return run(sequence, ids, stop, {});
  }

  /// The same, and calls each(position, logits) for every token, in order.
  std::span<const float> forward_each(Sequence& sequence, std::span<const TokenId> ids,
                                      FunctionRef<void(std::size_t, std::span<const float>)> each,
                                      const std::stop_token& stop = {}) const {
    return run(sequence, ids, stop, each);
  }

 private:
  using EachLogits = FunctionRef<void(std::size_t, std::span<const float>)>;

  std::span<const float> run(Sequence& sequence, std::span<const TokenId> ids, const std::stop_token& stop,
                             EachLogits each) const {
    check(sequence, ids);
    const FloatEnvironment environment;
    while (!ids.empty()) {
      const std::size_t tokens = std::min(sequence.chunk_, ids.size());
      const Pass pass{compute_,           config_, sequence.scratch_, sequence.cache_, allowed_,
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

  void check(const Sequence& sequence, std::span<const TokenId> ids) const {
    expect(!ids.empty(), "forward", "ids", "at least one", "none");
    for (const TokenId id : ids)
      if (id >= config_.vocabulary_size)
        fail("forward", "ids", detail::concat("ids below ", config_.vocabulary_size), detail::concat(id));
    if (ids.size() > sequence.context() - sequence.position())
      fail("forward", "context", detail::concat("at most ", sequence.context(), " positions"),
           detail::concat(sequence.position() + ids.size()));
  }

  void check_allowed() const {
    for (const ExpertId id : allowed_.ids()) {
      const std::string place = detail::concat("layer ", id.layer);
      if (id.layer >= config_.layers.size() || !config_.layers[id.layer].has_experts)
        fail("allowed experts", place, "a layer with experts", "none");
      if (id.expert >= config_.experts)
        fail("allowed experts", place, detail::concat("experts below ", config_.experts),
             detail::concat(id.expert));
      if (const std::size_t count = allowed_.of(id.layer).size(); count < config_.experts_per_token)
        fail("allowed experts", place, detail::concat("at least ", config_.experts_per_token),
             detail::concat(count));
    }
  }

  void embed(const Pass& pass, std::span<const TokenId> ids) const {
    for (std::size_t t = 0; t < ids.size(); ++t)
      dequantise(weights_.embedding.row(ids[t]),
                 pass.scratch.x.span().subspan(t * config_.hidden_size, config_.hidden_size));
    set_angles(pass, rope_);
  }

  /// False if it was stopped.
  bool run_layers(const Pass& pass, Sequence& sequence, const std::stop_token& stop) const {
    for (std::size_t layer = 0; layer < config_.layers.size(); ++layer) {
      if (stop.stop_requested()) return false;
      const LayerWeights& w = weights_.layers[layer];
      attention_layer(pass, w, layer);
      if (config_.layers[layer].has_experts) {
        moe_layer(pass, w, layer, provider_, sequence.held_, sequence.on_routes_,
                  sequence.lookahead_ ? router_after(layer) : NextRouter{}, [&] { expect_after(layer); });
        if (!allowed_.of(layer).empty())
          sequence.restriction_.add(pass.scratch.allowed_mass.span().first(pass.tokens));
      } else {
        dense_layer(pass, w);
      }
    }
    return true;
  }

  /// Announces the weights that are read after a layer: the next one's projections, or the head.
  void expect_after(std::size_t layer) const {
    if (layer + 1 == config_.layers.size()) return compute_.expect(&weights_.head, weights_.head.bytes());
    const LayerWeights& w = weights_.layers[layer + 1];
    compute_.expect(&w.query, w.query.bytes() + w.key.bytes() + w.value.bytes());
  }

  /// The router of the next layer that has experts; of the last one, that of none.
  NextRouter router_after(std::size_t layer) const {
    for (std::size_t next = layer + 1; next < config_.layers.size(); ++next)
      if (config_.layers[next].has_experts)
        return {static_cast<std::uint32_t>(next), &weights_.layers[next].router};
    return {};
  }

  /// logits = head · norm(x) of the t-th token of the pass.
  std::span<const float> logits(const Pass& pass, std::size_t t) const {
    Scratch& s = pass.scratch;
    const std::size_t hidden = config_.hidden_size;
    compute_.rms_norm(&s.x[t * hidden], weights_.norm, config_.rms_norm_epsilon, s.normed.data(), 1);
    const Activations input =
        compute_.prepare(is_quantised(weights_.head.dtype), s.normed.data(), hidden, 1, s.quantised_input);
    compute_.expect(nullptr);
    compute_.multiply({.weights = weights_.head,
                       .input = input,
                       .tokens = 1,
                       .out = s.logits.data(),
                       .out_stride = config_.vocabulary_size});
    return s.logits.span();
  }

  Checkpoint checkpoint_;
  ModelConfig config_;
  ModelWeights weights_;
  Rope rope_;
  Compute compute_;
  mutable AnyProvider provider_;  // thread-safe; refers to the provider of the caller
  AllowedExperts allowed_;
};

}  // namespace moe
