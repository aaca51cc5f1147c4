// SPDX-License-Identifier: MIT
#pragma once
#include "model.hpp"
#include "../core/byte_units.hpp"
#include "../core/checked.hpp"
#include "../core/error.hpp"
#include "../core/thread_pool.hpp"
#include "../experts/absent_provider.hpp"
#include "../experts/memory_provider.hpp"
#include "../experts/mmap_provider.hpp"
#include "../experts/present_experts.hpp"
#include "../model/expert_requirements.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

struct Model::State {
  State(Checkpoint from, AnyProvider provider, ProviderModelOptions options)
      : plan(options.memory_plan),
        checkpoint(std::move(from)),
        experts(std::move(provider)),
        own_pool(options.pool ? nullptr : std::make_unique<ThreadPool>(options.threads)),
        pool(options.pool ? *options.pool : *own_pool),
        transformer(checkpoint, experts, pool, std::move(options.transformer)) {
    read_text_files();
  }

  State(Checkpoint from, std::shared_ptr<ExpertExecutor> executor, ProviderModelOptions options)
      : plan(options.memory_plan),
        checkpoint(std::move(from)),
        experts(detail::AbsentProvider()),
        own_pool(options.pool ? nullptr : std::make_unique<ThreadPool>(options.threads)),
        pool(options.pool ? *options.pool : *own_pool),
        transformer(checkpoint, std::move(executor), pool, std::move(options.transformer)) {
    read_text_files();
  }

  /// A model whose tokenizer is not supported runs with token ids, so the error is thrown at the first use of the tokenizer.
  void read_tokenizer() {
    const std::string found = detail::find_tokenizer(checkpoint.path());
    if (found.empty()) return;
    try {
      tokenizer.emplace(checkpoint.path());
    } catch (const Error& error) {
      tokenizer_error.emplace(error);
    }
  }

  void read_text_files() {
    read_tokenizer();
    end_tokens = detail::find_end_tokens(checkpoint, transformer.spec(), tokenizer ? &*tokenizer : nullptr);
  }

  MemoryPlan plan;
  Checkpoint checkpoint;
  AnyProvider experts;
  std::unique_ptr<ThreadPool> own_pool;
  ThreadPool& pool;
  Transformer transformer;
  std::optional<Tokenizer> tokenizer;
  std::optional<Error> tokenizer_error;
  std::vector<EndToken> end_tokens;
};

MOE_INLINE Model::Model(Checkpoint checkpoint, AnyProvider provider, ProviderModelOptions options)
    : state_(std::make_unique<State>(std::move(checkpoint), std::move(provider), std::move(options))) {}

MOE_INLINE Model::Model(Checkpoint checkpoint, std::shared_ptr<ExpertExecutor> executor,
                        ProviderModelOptions options)
    : state_(std::make_unique<State>(std::move(checkpoint), std::move(executor), std::move(options))) {}

MOE_INLINE Model::Model(Model&&) noexcept = default;
MOE_INLINE Model& Model::operator=(Model&&) noexcept = default;
MOE_INLINE Model::~Model() = default;

MOE_INLINE const Checkpoint& Model::checkpoint() const { return state_->checkpoint; }
MOE_INLINE const Transformer& Model::transformer() const { return state_->transformer; }
MOE_INLINE AnyProvider& Model::experts() const { return state_->experts; }
MOE_INLINE std::size_t Model::threads() const { return state_->pool.threads(); }
MOE_INLINE const MemoryPlan& Model::memory_plan() const { return state_->plan; }
MOE_INLINE const std::vector<EndToken>& Model::end_tokens() const { return state_->end_tokens; }
MOE_INLINE bool Model::has_tokenizer() const { return state_->tokenizer.has_value(); }

MOE_INLINE const Tokenizer& Model::tokenizer() const {
  if (state_->tokenizer_error) throw *state_->tokenizer_error;
  if (!has_tokenizer()) detail::fail(checkpoint().directory(), "tokenizer.json", "a file", "none");
  return *state_->tokenizer;
}

MOE_INLINE std::vector<EndToken> Model::end_tokens(const ChatTemplate& chat) const {
  return detail::turn_end_tokens(end_tokens(), chat.turn_format(), tokenizer());
}

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

MOE_INLINE ReadProvider reading_experts(const Checkpoint& checkpoint, const ModelOptions& options) {
  return ReadProvider(ExpertCatalog(checkpoint, {.allow_partial = options.allow_partial}),
                      {.direct = options.direct, .verify = options.verify});
}

MOE_INLINE MemoryPlan PlanMemory::operator()(const Checkpoint& checkpoint,
                                             const ModelOptions& options) const {
  using namespace literals;
  const ModelSpec spec(checkpoint);
  const ReadProvider experts = reading_experts(checkpoint, options);
  MemoryPlan base;
  // ModelWeights also checks the spec against the tensors.
  base.dense_bytes = ModelWeights(checkpoint, spec).bytes();
  base.other_bytes = 64_MiB;
  const auto with_chunk = [&](std::size_t chunk) {
    SequenceOptions sequence = fitted(options.sequence, spec);
    sequence.chunk = chunk;
    MemoryPlan plan = base;
    plan.chunk = chunk_of(sequence);
    plan.state_bytes =
        checked_size(checkpoint.path(), "states of sessions",
                     {SequenceState::bytes_for(spec, state_options(sequence)), options.sessions});
    plan.scratch_bytes =
        scratch_bytes(spec, plan.chunk, ThreadPool::threads_for(options.threads), options.bf16_dot);
    return plan;
  };
  std::size_t layers = 0;
  for (const LayerSpec& layer : spec.layers) layers += layer.router() != nullptr;
  const std::size_t largest = experts.largest_bytes();
  const std::size_t all = checked_size(checkpoint.path(), "experts", {largest, experts.catalog().size()});
  const ExpertSizes sizes{.layers = layers, .largest_bytes = largest, .all_bytes = all};
  if (options.sequence.chunk)
    return complete_plan(with_chunk(*options.sequence.chunk), options.memory, sizes);
  return plan_with_longest_chunk(with_chunk, options.memory, sizes);
}

MOE_INLINE CachedProvider cached_experts(const Checkpoint& checkpoint, const MemoryPlan& plan,
                                         const ModelOptions& options) {
  ReadProvider reading = reading_experts(checkpoint, options);
  CacheOptions residency;
  residency.budget_bytes = plan.budget_bytes;
  residency.experts_per_token = std::max(ModelSpec(checkpoint).experts_per_token(), std::size_t{1});
  return CachedProvider(CachingProvider(std::move(reading), residency), options.io_threads);
}

MOE_INLINE void verify_experts(const ExpertCatalog& catalog, FunctionRef<void(std::uint64_t)> progress) {
  ReadProvider reading(catalog, {.verify = true});
  for (const ExpertId id : catalog.ids()) {
    (void)reading.acquire(id);
    if (progress) progress(catalog.at(id).bytes());
  }
}

/// Adds the bytes of parts of a model, and reports the sum to ModelOptions::load_progress.
class LoadProgress {
 public:
  /// all_bytes: the bytes of all parts. Nothing is reported if they are 0.
  LoadProgress(const std::function<void(std::uint64_t, std::uint64_t)>& report, std::uint64_t all_bytes)
      : report_(report), all_bytes_(report ? all_bytes : 0) {}

  void operator()(std::uint64_t bytes) {
    if (done_bytes_ == all_bytes_) return;
    done_bytes_ = std::min(done_bytes_ + bytes, all_bytes_);
    report_(done_bytes_, all_bytes_);
  }

  /// Reports the end.
  void finish() { (*this)(all_bytes_); }

 private:
  const std::function<void(std::uint64_t, std::uint64_t)>& report_;
  std::uint64_t all_bytes_;
  std::uint64_t done_bytes_ = 0;
};

/// The bytes of the weights that open() reads if `memory` is not limited.
inline std::uint64_t bytes_read_at_once(const Checkpoint& checkpoint, const ExpertCatalog& catalog,
                                        const ModelOptions& options) {
  std::uint64_t experts = 0;
  for (const ExpertId id : catalog.ids()) experts += catalog.at(id).bytes();
  std::uint64_t all = options.verify ? experts : 0;
  if (options.experts != ModelOptions::Experts::in_memory) return all;
  all += experts;
  // The size of weights that must be converted is only known after the conversion.
  return catalog.is_plain() ? all + ModelWeights(checkpoint, ModelSpec(checkpoint)).bytes() : all;
}

/// The options for experts that must be converted when they are read: a cache keeps the converted experts, so that not every
/// token converts its experts again.
inline ModelOptions with_cache(ModelOptions options) {
  options.memory.total_bytes = MemoryOptions::automatic;
  return options;
}

MOE_INLINE Model Open::operator()(const std::string& path, const ModelOptions& given) const {
  const Checkpoint checkpoint(path);
  const ExpertCatalog catalog(checkpoint, {.allow_partial = given.allow_partial});
  detail::require_experts(catalog, ModelSpec(checkpoint));
  const bool convert = !catalog.is_plain() && given.experts == ModelOptions::Experts::mapped;
  const ModelOptions options = convert && !given.memory.limited() ? with_cache(given) : given;
  ProviderModelOptions made{
      .threads = options.threads,
      .transformer = {.allowed_experts = detail::present_experts(catalog, options.allowed_experts)}};
  if (options.bf16_dot) made.transformer.kernels = &detail::simd::bf16_dot_kernels();
  if (options.int8_mxfp4) made.transformer.kernels = &detail::simd::int8_mxfp4_kernels(options.bf16_dot);
  // Reads of experts fill the page cache, and the system would then drop mapped weights, so the model owns its weights here.
  if (options.memory.limited() && catalog.size() > 0) {
    made.memory_plan = plan_memory(checkpoint, options);
    LoadProgress progress(options.load_progress, made.memory_plan.dense_bytes);
    made.transformer.weights = WeightStorage::owned;
    made.transformer.load_progress = progress;
    Model model(checkpoint, detail::cached_experts(checkpoint, made.memory_plan, options), std::move(made));
    progress.finish();
    return model;
  }
  LoadProgress progress(options.load_progress,
                        options.load_progress ? bytes_read_at_once(checkpoint, catalog, options) : 0);
  if (options.verify) detail::verify_experts(catalog, progress);
  if (options.experts == ModelOptions::Experts::in_memory) {
    made.transformer.weights = WeightStorage::owned;
    made.transformer.load_progress = progress;
    Model model(checkpoint, MemoryProvider(catalog, Matrix::Order::panels, progress), std::move(made));
    progress.finish();
    return model;
  }
  return Model(checkpoint, MmapProvider(catalog), std::move(made));
}

}  // namespace moe::inline MOE_ABI::detail
