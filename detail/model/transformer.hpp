// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/function_ref.hpp"
#include "../core/thread_pool.hpp"
#include "../core/token.hpp"
#include "../experts/allowed_experts.hpp"
#include "../experts/any_provider.hpp"
#include "../io/checkpoint.hpp"
#include "compute.hpp"
#include "../spec/model_spec.hpp"
#include "batch.hpp"
#include "block.hpp"
#include "expert_executor.hpp"
#include "rope.hpp"
#include "sequence.hpp"
#include "weights.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string_view>
#include <utility>

namespace moe::inline MOE_ABI {

/// Options of a Transformer.
struct TransformerOptions {
  WeightStorage weights = WeightStorage::mapped;  // where all weights but the experts are
  // Restricts the routers, for experiments and for checkpoints without some experts: other experts are never chosen.
  AllowedExperts allowed_experts = {};
  // LOSSY, for experiments such as PreferResident: called before each choice of a router in a step of one token. Changes the
  // scores that decide the choice, [experts of the layer]; the weights of the chosen experts follow from the unchanged scores.
  // Must not throw, and must outlive the transformer. Refused for restricted routers and for a sparsemixer.
  FunctionRef<void(std::size_t layer, std::span<float> scores)> adjust_choice = {};
  // Called by the constructor of the transformer for each matrix that it reads into memory, with the bytes of the matrix.
  FunctionRef<void(std::uint64_t bytes)> load_progress = {};
  // Null: the kernels of the best instruction set of this machine, or of the instruction set that MOE_ISA names.
  const detail::simd::Kernels* kernels = nullptr;
};

/// A decoder-only transformer: token ids in, logits out. A provider delivers the experts, or an executor computes them; all other
/// weights come from the checkpoint, which stays open.
///
/// For one instruction set the logits have the same bits for every provider that is not lossy, every number of threads and
/// every division of a prompt into chunks. Several threads may call forward() at once, each with its own sequence.
class Transformer {
 public:
  /// provider, pool: must outlive the transformer. Throws if the checkpoint is not a complete model, if the experts of the
  /// provider's catalog have other shapes than the spec, if the options restrict a router to unknown experts or to fewer
  /// experts than a token takes, or if they adjust the choices of a router that cannot be adjusted.
  template <ExpertProvider P>
  Transformer(Checkpoint checkpoint, P& provider, ThreadPool& pool, TransformerOptions options = {})
      : Transformer(std::move(checkpoint), AnyProvider(detail::ProviderReference<P>(provider)), pool,
                    std::move(options)) {}

  /// As above, with a provider that all copies of the AnyProvider share: it lives as long as the last copy.
  Transformer(Checkpoint checkpoint, AnyProvider provider, ThreadPool& pool, TransformerOptions options = {});

  /// A transformer whose experts are computed by `executor`. executor, pool: must outlive the transformer.
  Transformer(Checkpoint checkpoint, ExpertExecutor& executor, ThreadPool& pool,
              TransformerOptions options = {})
      : Transformer(std::move(checkpoint),
                    std::shared_ptr<ExpertExecutor>(std::shared_ptr<void>(), &executor), pool,
                    std::move(options)) {}

  /// As above, with an executor that the transformer shares. Throws if the executor is null.
  Transformer(Checkpoint checkpoint, std::shared_ptr<ExpertExecutor> executor, ThreadPool& pool,
              TransformerOptions options = {});

  const ModelSpec& spec() const { return spec_; }                     // the description of the model
  const detail::ModelWeights& weights() const { return weights_; }    // all weights but the experts
  const AllowedExperts& allowed_experts() const { return allowed_; }  // the restriction of the options
  const detail::simd::Kernels& kernels() const { return compute_.kernels(); }  // the kernels that compute

  /// A new, empty sequence for this transformer.
  Sequence sequence(const SequenceOptions& options = {}) const;

  /// Called after each layer of each chunk with the position that the computation has reached. A layer counts as an equal share
  /// of the tokens of its chunk. Runs on the thread that calls forward(); must not use the sequence. An exception passes through
  /// as any other error.
  using Progress = FunctionRef<void(double position)>;

  /// Appends `ids` to the sequence and returns the logits after the last one, [vocabulary], which stay valid until the next
  /// call for this sequence. Checks `stop` before each layer, and returns an empty span if a stop was requested.
  ///
  /// Throws if `ids` is empty, has an id out of range or does not fit into the context, if a provider or an executor throws, if a
  /// lease has another shape than the spec says, or if a logit or a number of the residual stream after the last layer is
  /// infinite or NaN: the error names the first part of the model whose result has such a number. After an error or a stop the
  /// sequence has the chunks before the current one.
  std::span<const float> forward(Sequence& sequence, std::span<const TokenId> ids,
                                 const std::stop_token& stop = {}, Progress progress = {}) const {
    return run(sequence, ids, stop, {}, progress);
  }

  /// As forward(); also calls each(position, logits) for every token, in order, after the layers of its chunk. `each` must
  /// not use the sequence. An exception of `each` passes through; the sequence then has the chunks before the current one,
  /// as after any other error. If the tokens of this chunk are computed again, `each` is called again for them.
  std::span<const float> forward_each(Sequence& sequence, std::span<const TokenId> ids,
                                      FunctionRef<void(std::size_t, std::span<const float>)> each,
                                      const std::stop_token& stop = {}, Progress progress = {}) const {
    return run(sequence, ids, stop, each, progress);
  }

  /// An empty batch for sequences of this transformer. Throws if `options` are out of range.
  Batch batch(const BatchOptions& options = {}) const;

  /// Appends the tokens of all sequences of the batch to their sequences, in one pass through the layers; afterwards
  /// batch.logits(i) are the logits after the last token of the i-th sequence. Checks `stop` before each layer, and returns
  /// false if a stop was requested.
  ///
  /// Throws as forward() of one sequence does; an error about numbers names the index of the sequence. Also throws if the batch
  /// is empty or belongs to another transformer, or if a sequence has moved on since it was added. After an error or a stop no
  /// sequence has tokens of this pass, so the same pass can be tried again, or another one without some of the sequences.
  bool forward(Batch& batch, const std::stop_token& stop = {}) const;

 private:
  using EachLogits = FunctionRef<void(std::size_t, std::span<const float>)>;

  /// Tokens of one or several sequences that go through the layers together.
  struct Pass {
    std::span<const TokenId> ids;  // [tokens]
    detail::Step step;
    std::span<float> x;  // the residual stream, [tokens, hidden]
    std::span<detail::Angles> angles;
    detail::ExecutorLists& lists;
    bool lookahead = false;
    using OnLayer = FunctionRef<void(std::size_t layers)>;
    OnLayer on_layer = {};  // called after each layer with the number of finished layers
  };

  void check_allowed() const;

  void check_adjusted() const;

  std::span<const float> run(Sequence& sequence, std::span<const TokenId> ids, const std::stop_token& stop,
                             EachLogits each, Progress progress) const;

  /// Computes the first chunk of `ids`, and the logits after the last id if the chunk contains this id. Returns the number of
  /// tokens of the chunk, or 0 if a stop was requested.
  std::size_t run_chunk(Sequence& sequence, std::span<const TokenId> ids, std::span<float> logits,
                        const std::stop_token& stop, EachLogits each, Progress progress) const;

  detail::BlockContext context_of(const Pass& pass) const { return {spec_, ropes_, pass.angles}; }

  /// Sets x to the residual stream after the last layer. Returns false if a stop was requested. Throws if a number of x is
  /// infinite or NaN.
  bool compute(const Pass& pass, const std::stop_token& stop) const;

  void embed(const Pass& pass) const;

  void run_layer_networks(const Pass& pass, std::size_t layer) const;

  /// Prefetches the first weights after a layer: the projections of the next layer, or the head.
  void expect_after(std::size_t layer) const;

  /// The router of the next layer with experts. Empty if there is no such layer, or if its router has an input of its own.
  detail::NextRouter router_after(std::size_t layer) const;

  /// Computes the logits of the tokens in `rows`. Throws if a logit is infinite or NaN. logits: [rows, vocabulary].
  void set_logits(const Pass& pass, std::span<const std::uint32_t> rows, std::span<float> logits) const;

  /// Computes the logits of the tokens in `rows`, and returns whether all logits are finite before a soft cap.
  /// logits: [rows, vocabulary].
  bool multiply_head(const Pass& pass, std::span<const std::uint32_t> rows, std::span<float> logits) const;

  /// Computes the pass again, part by part, and throws an error that names the first part with a number that is infinite
  /// or not a number. Checks between the parts of every pass would cost time.
  [[noreturn]] void fail_not_finite(const Pass& pass) const;

  /// Throws if the residual stream has a number that is infinite or not a number.
  void require_finite(const Pass& pass, std::string_view part) const;

  Checkpoint checkpoint_;
  ModelSpec spec_;
  detail::ModelWeights weights_;
  detail::RopeTable ropes_;
  detail::Compute compute_;
  mutable AnyProvider provider_;  // thread-safe
  std::shared_ptr<detail::SharedExecutor>
      executor_;  // null: the transformer computes the experts of provider_
  AllowedExperts allowed_;
  detail::AdjustChoice adjust_choice_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "transformer.ipp"
#endif
