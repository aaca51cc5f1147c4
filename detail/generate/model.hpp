#pragma once
#include "../core/config.hpp"
#include "../core/thread_pool.hpp"
#include "../experts/allowed_experts.hpp"
#include "../experts/any_provider.hpp"
#include "../experts/caching_provider.hpp"
#include "../experts/prefetching_provider.hpp"
#include "../experts/read_provider.hpp"
#include "../io/checkpoint.hpp"
#include "../model/config.hpp"
#include "../model/transformer.hpp"
#include "../text/chat_template.hpp"
#include "../text/tokenizer.hpp"
#include "memory_plan.hpp"
#include "recommended_sampling.hpp"

#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace moe::inline MOE_ABI {

/// How open() makes a model.
struct ModelOptions {
  std::size_t threads = 0;  // 0: one per core

  enum class Experts { mapped, in_memory };
  Experts experts =
      Experts::mapped;  // see MmapProvider and MemoryProvider; if `memory` is limited it does not count

  // If it is limited, experts are read from disk and kept within a budget.
  MemoryOptions memory = {};
  bool direct = false;  // read them past the page cache: pays where that has no room for all of them
  std::size_t io_threads =
      4;  // threads that read ahead; one is enough for some disks, more than 4 gained nothing
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
  Model(Checkpoint checkpoint, AnyProvider provider, ProviderModelOptions options = {});

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
  const Tokenizer& tokenizer() const;

  /// Reads the checkpoint's chat template. Throws if it has none, or one that is not known.
  ChatTemplate chat_template() const { return ChatTemplate(checkpoint().path()); }

  /// What generation_config.json recommends, with the defaults of Hugging Face; without it, the most likely token.
  Sampling recommended_sampling() const { return detail::read_sampling(checkpoint()); }

 private:
  struct State {
    State(Checkpoint from, AnyProvider provider, ProviderModelOptions options);

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
using CachedProvider = PrefetchingProvider<CachingProvider<ReadProvider>>;

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// The provider that reads the experts of a checkpoint from disk.
ReadProvider reading_experts(const Checkpoint& checkpoint, const ModelOptions& options);

/// The cache for experts of a checkpoint that `plan` allows.
CachedProvider cached_experts(const Checkpoint& checkpoint, const MemoryPlan& plan,
                              const ModelOptions& options);

/// Throws unless the bytes of all experts have the checksums that the file states.
void verify_experts(const ExpertCatalog& catalog);

/// The type of moe::open. Function objects are not found by argument-dependent lookup: open(model) in a program that has
/// a function of that name calls that function.
struct Open {
  Model operator()(const std::string& path, const ModelOptions& options = {}) const;
};

/// The type of moe::plan_memory.
struct PlanMemory {
  MemoryPlan operator()(const Checkpoint& checkpoint, const ModelOptions& options) const;
};

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// Opens a checkpoint as it was downloaded. See Checkpoint for what `path` may be.
///
///   const auto model = moe::open("Qwen3-30B-A3B", {.memory = {.total_bytes = 8_GiB}});
///   moe::Session session(model);
///   for (const moe::Piece& piece : session.stream("The sea")) std::cout << piece.text << std::flush;
inline constexpr detail::Open open;

/// plan_memory(checkpoint, options): where the memory of the checkpoint's model goes under these options, whose memory is
/// limited. Throws if the memory does not suffice.
inline constexpr detail::PlanMemory plan_memory;

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "model.ipp"
#endif
