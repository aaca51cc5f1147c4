#pragma once
#include "../core/config.hpp"
#include "../core/function_ref.hpp"
#include "../core/thread_pool.hpp"
#include "../core/token.hpp"
#include "../experts/allowed_experts.hpp"
#include "../experts/any_provider.hpp"
#include "../io/checkpoint.hpp"
#include "compute.hpp"
#include "config.hpp"
#include "moe_layer.hpp"
#include "rope.hpp"
#include "sequence.hpp"
#include "weights.hpp"

#include <cstddef>
#include <span>
#include <stop_token>
#include <utility>

namespace moe::inline MOE_ABI {

/// How a transformer is made.
struct TransformerOptions {
  WeightStorage weights = WeightStorage::mapped;
  // Restricts the routers, for experiments and for checkpoints that lack experts: the others are never chosen.
  AllowedExperts allowed_experts = {};
  const detail::simd::Kernels* kernels = nullptr;  // null: those of the best instruction set of this machine
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
  Transformer(Checkpoint checkpoint, AnyProvider provider, ThreadPool& pool, TransformerOptions options);

  const ModelConfig& config() const { return config_; }
  const detail::ModelWeights& weights() const { return weights_; }
  const AllowedExperts& allowed_experts() const { return allowed_; }

  /// A new, empty sequence.
  Sequence sequence(const SequenceOptions& options = {}) const;

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
                                      const std::stop_token& stop = {}) const;

 private:
  using EachLogits = FunctionRef<void(std::size_t, std::span<const float>)>;

  std::span<const float> run(Sequence& sequence, std::span<const TokenId> ids, const std::stop_token& stop,
                             EachLogits each) const;

  void check(const Sequence& sequence, std::span<const TokenId> ids) const;

  void check_allowed() const;

  void embed(const detail::Pass& pass, std::span<const TokenId> ids) const;

  /// False if it was stopped.
  bool run_layers(const detail::Pass& pass, Sequence& sequence, const std::stop_token& stop) const;

  /// Announces the weights that are read after a layer: the next one's projections, or the head.
  void expect_after(std::size_t layer) const;

  /// The router of the next layer that has experts; of the last one, that of none.
  detail::NextRouter router_after(std::size_t layer) const;

  /// logits = head · norm(x) of the t-th token of the pass.
  std::span<const float> logits(const detail::Pass& pass, std::size_t t) const;

  Checkpoint checkpoint_;
  ModelConfig config_;
  detail::ModelWeights weights_;
  detail::Rope rope_;
  detail::Compute compute_;
  mutable AnyProvider provider_;  // thread-safe; refers to the provider of the caller
  AllowedExperts allowed_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "transformer.ipp"
#endif
