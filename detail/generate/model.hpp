#pragma once
#include "../core/byte_units.hpp"
#include "../core/error.hpp"
#include "../core/thread_pool.hpp"
#include "../experts/allowed_experts.hpp"
#include "../experts/any_provider.hpp"
#include "../experts/lru_provider.hpp"
#include "../experts/memory_provider.hpp"
#include "../experts/mmap_provider.hpp"
#include "../experts/prefetching_provider.hpp"
#include "../experts/present_experts.hpp"
#include "../experts/read_provider.hpp"
#include "../io/checkpoint.hpp"
#include "../model/config.hpp"
#include "../model/transformer.hpp"
#include "../text/chat_template.hpp"
#include "../text/tokenizer.hpp"
#include "memory_plan.hpp"
#include "recommended_sampling.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace moe {

/// How open() makes a model.
struct ModelOptions {
  std::size_t threads = 0;  // 0: one per core

  enum class Experts { mapped, in_memory };
  Experts experts =
      Experts::mapped;  // see MmapProvider and MemoryProvider; if `memory` is limited it does not count

  // If it is limited, experts are read from disk and kept within a budget.
  MemoryOptions memory = {};
  bool direct = false;    // read them past the page cache: pays where that has no room for all of them
  std::size_t lanes = 4;  // threads that read ahead; one is enough for some disks, more than 4 gained nothing
  SequenceOptions sequence = {};  // what the session will be opened with: it counts into memory.total_bytes

  // Multiply bf16 weights in dot products of bf16 pairs, which need AVX512_BF16; opening throws where that is missing. Up to
  // twice as fast in prompts, and less exact: activations are rounded to bf16, to nearest even, and denormals count as zero;
  // sums are kept in f32. The logits are others than without, and again the same to the bit for all providers, threads, chunks.
  bool bf16_dot = false;

  // An experiment: routers choose from these experts only. It costs quality: README.md shows how much.
  AllowedExperts allowed_experts = {};

  // Whether experts may be missing, as in an extraction of some of them: then routers choose from the others.
  bool allow_partial = false;
  // Compare experts with the checksums that an extraction has: within a budget each time one is read, else once at opening.
  bool verify = false;
};

/// How a model computes whose experts come from a provider of the caller.
struct ProviderModelOptions {
  std::size_t threads = 0;  // 0: one per core
  TransformerOptions transformer = {};
  MemoryPlan memory_plan = {};  // what Model::memory_plan() returns
};

/// Everything that a text needs: a transformer with its experts, the tokenizer, the threads.
/// Any number of sessions, on any threads, can share a model; it must outlive them.
class Model {
 public:
  /// A model whose experts come from `provider`. Throws if the checkpoint is none that can be run.
  template <ExpertProvider P>
  Model(Checkpoint checkpoint, P provider, ProviderModelOptions options = {})
      : Model(std::move(checkpoint), AnyProvider(std::move(provider)), std::move(options)) {}
  Model(Checkpoint checkpoint, AnyProvider provider, ProviderModelOptions options = {})
      : state_(std::make_unique<State>(std::move(checkpoint), std::move(provider), std::move(options))) {}

  const Checkpoint& checkpoint() const { return state_->checkpoint; }
  const ModelConfig& config() const { return state_->transformer.config(); }
  const Transformer& transformer() const { return state_->transformer; }
  AnyProvider& experts() const { return state_->experts; }
  std::size_t threads() const { return state_->pool.threads(); }

  /// What routers may choose from: everything, unless the options said otherwise.
  const AllowedExperts& allowed_experts() const { return state_->transformer.allowed_experts(); }

  /// What open() decided; zeros if memory was not limited.
  const MemoryPlan& memory_plan() const { return state_->plan; }

  bool has_tokenizer() const { return state_->tokenizer.has_value(); }

  /// Throws if the checkpoint has no tokenizer: then only ids can be used.
  const Tokenizer& tokenizer() const {
    if (!has_tokenizer()) fail(checkpoint().directory(), "tokenizer.json", "a file", "none");
    return *state_->tokenizer;
  }

  /// Reads the checkpoint's chat template. Throws if it has none, or one that is not known.
  ChatTemplate chat_template() const { return ChatTemplate(checkpoint().path()); }

  /// What generation_config.json recommends, with the defaults of Hugging Face; without it, the most likely token.
  Sampling recommended_sampling() const { return read_sampling(checkpoint()); }

 private:
  struct State {
    State(Checkpoint from, AnyProvider provider, ProviderModelOptions options)
        : plan(options.memory_plan),
          checkpoint(std::move(from)),
          experts(std::move(provider)),
          pool(options.threads),
          transformer(checkpoint, experts, pool, std::move(options.transformer)) {
      if (const std::string found = find_tokenizer(checkpoint.path()); !found.empty())
        tokenizer.emplace(found);
    }

    MemoryPlan plan;
    Checkpoint checkpoint;
    AnyProvider experts;
    ThreadPool pool;
    Transformer transformer;
    std::optional<Tokenizer> tokenizer;
  };

  std::unique_ptr<State> state_;  // on the heap: the transformer keeps the addresses of its neighbours
};

/// What keeps experts within a budget: threads that read ahead, a cache, and reads from disk.
using CachedProvider = PrefetchingProvider<LruProvider<ReadProvider>>;

/// What reads the experts of a checkpoint from disk.
inline ReadProvider reading_experts(const Checkpoint& checkpoint, const ModelOptions& options) {
  return ReadProvider(ExpertCatalog(checkpoint, {.allow_partial = options.allow_partial}),
                      {.direct = options.direct, .verify = options.verify});
}

/// Where the memory of a checkpoint's model goes under these options, whose memory is limited. Throws if it is not enough.
inline MemoryPlan plan_memory(const Checkpoint& checkpoint, const ModelOptions& options) {
  using namespace literals;
  const ModelConfig config(checkpoint);
  const ReadProvider experts = reading_experts(checkpoint, options);
  MemoryPlan plan;
  plan.dense_bytes = ModelWeights(checkpoint, config).bytes();
  plan.kv_bytes =
      KvCache::bytes_for(config.layers.size(), config.kv_heads, config.head_dim,
                         std::min(options.sequence.context, config.max_positions), options.sequence.kv_type);
  plan.scratch_bytes =
      Scratch(config, options.sequence.chunk, ThreadPool::threads_for(options.threads), options.bf16_dot)
          .bytes();
  plan.other_bytes = 64_MiB;
  std::size_t layers = 0;
  for (const LayerConfig& layer : config.layers) layers += layer.has_experts;
  const std::size_t largest = experts.largest_bytes();
  return plan_memory(plan, options.memory, layers, largest, largest * experts.catalog().size());
}

/// The cache for experts of a checkpoint that `plan` allows.
inline CachedProvider cached_experts(const Checkpoint& checkpoint, const MemoryPlan& plan,
                                     const ModelOptions& options) {
  ReadProvider reading = reading_experts(checkpoint, options);
  ResidencyOptions residency;
  residency.budget_bytes = plan.budget_bytes;
  residency.experts_per_token = std::max(ModelConfig(checkpoint).experts_per_token, std::size_t{1});
  return CachedProvider(LruProvider(std::move(reading), residency), options.lanes);
}

/// Throws unless all experts that are there are as their checksums say.
inline void verify_experts(const ExpertCatalog& catalog) {
  ReadProvider reading(catalog, {.verify = true});
  for (std::uint32_t layer = 0; layer < catalog.layers(); ++layer)
    for (std::uint32_t expert = 0; expert < catalog.experts(layer); ++expert)
      if (catalog.has({layer, expert})) reading.acquire({layer, expert});
}

/// Opens a checkpoint as it was downloaded. See Checkpoint for what `path` may be.
///
///   const auto model = moe::open("Qwen3-30B-A3B", {.memory = {.total_bytes = 8_GiB}});
///   moe::Session session(model);
///   for (const moe::Piece& piece : session.stream("The sea")) std::cout << piece.text << std::flush;
inline Model open(const std::string& path, const ModelOptions& options = {}) {
  const Checkpoint checkpoint(path);
  const ExpertCatalog catalog(checkpoint, {.allow_partial = options.allow_partial});
  require_experts(catalog, ModelConfig(checkpoint));
  ProviderModelOptions made{
      .threads = options.threads,
      .transformer = {.allowed_experts = present_experts(catalog, options.allowed_experts)}};
  if (options.bf16_dot) made.transformer.kernels = &simd::bf16_dot_kernels();
  // Weights that are mapped would be pushed out of the page cache by the experts that are read through it.
  if (options.memory.limited() && catalog.size() > 0) {
    made.memory_plan = plan_memory(checkpoint, options);
    made.transformer.weights = WeightStorage::owned;
    return Model(checkpoint, cached_experts(checkpoint, made.memory_plan, options), std::move(made));
  }
  if (options.verify) verify_experts(catalog);
  if (options.experts == ModelOptions::Experts::in_memory)
    return Model(checkpoint, MemoryProvider(catalog), std::move(made));
  return Model(checkpoint, MmapProvider(catalog), std::move(made));
}

}  // namespace moe
