// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/thread_pool.hpp"
#include "../experts/any_provider.hpp"
#include "../spec/model_spec.hpp"
#include "arena.hpp"
#include "compute.hpp"
#include "feed_forward/executor.hpp"
#include "expert_executor.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

/// Computes experts of a provider on this machine, with the same bits as a transformer with this provider. All work is done in
/// finish(). Used in a process that computes experts for another process, and by executors that compute a part of the experts
/// elsewhere. Not thread-safe.
class LocalExecutor final : public ExpertExecutor {
 public:
  /// spec: of the model. provider, pool: must outlive the executor. kernels: as in TransformerOptions. Throws if the experts of
  /// the provider's catalog have other shapes than the spec.
  template <ExpertProvider P>
  LocalExecutor(const ModelSpec& spec, P& provider, ThreadPool& pool,
                const detail::simd::Kernels* kernels = nullptr)
      : LocalExecutor(spec, AnyProvider(detail::ProviderReference<P>(provider)), pool, kernels) {}

  /// As above, with a provider that all copies of the AnyProvider share.
  LocalExecutor(const ModelSpec& spec, AnyProvider provider, ThreadPool& pool,
                const detail::simd::Kernels* kernels = nullptr);

  // MOE_INLINE here too: with a virtual function that is not inline in the class, each unit that includes the definitions would
  // emit the virtual table, and with it the whole engine.

  /// Throws if a number of the batch is out of range for the model: the batch may come from another process.
  MOE_INLINE void begin(const ExpertBatch& batch) override;

  /// Exceptions of the provider pass through. Throws if a lease has another shape than the spec says, or if the batch has no
  /// input that the experts can be multiplied with.
  MOE_INLINE void finish() override;

 private:
  void check(const ExpertBatch& batch) const;

  /// The inputs for kernels: the f32 inputs, and the other forms computed from these into `memory`. Without f32 inputs: the
  /// int8 form of the batch.
  detail::Activations prepare(const ExpertBatch& batch, const detail::QuantisedActivations& memory) const;

  /// The inputs of a batch that has the int8 form only.
  detail::Activations prepare_quants(const ExpertBatch& batch,
                                     const detail::QuantisedActivations& memory) const;

  ModelSpec spec_;
  AnyProvider provider_;
  detail::Compute compute_;
  detail::ExecutorLists lists_;
  detail::Arena arena_;
  std::size_t arena_bytes_ = 0;
  ExpertBatch batch_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "local_executor.ipp"
#endif
