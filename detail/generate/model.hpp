// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/function_ref.hpp"
#include "../core/thread_pool.hpp"
#include "../experts/allowed_experts.hpp"
#include "../experts/any_provider.hpp"
#include "../experts/caching_provider.hpp"
#include "../experts/prefetching_provider.hpp"
#include "../experts/read_provider.hpp"
#include "../io/checkpoint.hpp"
#include "../io/path_object.hpp"
#include "../model/expert_executor.hpp"
#include "../model/transformer.hpp"
#include "../spec/model_spec.hpp"
#include "../text/chat_template.hpp"
#include "../text/tokenizer.hpp"
#include "end_tokens.hpp"
#include "memory_plan.hpp"
#include "recommended_sampling.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

/// Options of open().
struct ModelOptions {
  std::size_t threads = 0;  // 0: one per core

  // Where the weights are if `memory` is not limited. mapped: in the mapped files (MmapProvider), so that the model opens at
  // once. in_memory: in memory (MemoryProvider), with quantised matrices in panels, so that they are multiplied faster. Experts
  // in a form that kernels do not read, such as MXFP4 of Hugging Face or FP8, cannot be mapped: `mapped` then opens the model
  // as if memory.total_bytes were MemoryOptions::automatic, so experts are converted when they are read, and cached.
  enum class Experts { mapped, in_memory };
  Experts experts = Experts::mapped;  // ignored if `memory` is limited

  // With a limit, experts are read from disk and cached within a budget.
  MemoryOptions memory = {};
  bool direct = false;  // reads bypass the page cache: faster if the page cache cannot hold all experts
  // Threads that load experts. One thread saturates some disks, and no disk gained from more than 4.
  std::size_t io_threads = 4;
  SequenceOptions sequence = {};  // the options of sessions that the plan of limited memory assumes
  // How many sessions with these options exist at the same time. The plan of the memory counts the states of all these
  // sessions, but the intermediate results of one session only: sessions compute one after another, or in one SessionBatch.
  std::size_t sessions = 1;

  // Multiplies bf16 weights in dot products of bf16 pairs, which need AVX512_BF16; open() throws without this extension. Up
  // to twice as fast in prompts but less exact: activations are rounded to bf16, to nearest even, and denormals count as
  // zero; sums are f32. The logits differ from the logits without this option, and have the same bits for all providers,
  // numbers of threads and chunks.
  bool bf16_dot = false;

  // Multiplies mxfp4 weights with activations that are rounded to int8, as for all other quantised types, in place of f32
  // activations. Faster in prompts but less exact. The logits differ from the logits without this option, and have the same
  // bits for all providers, numbers of threads and chunks.
  bool int8_mxfp4 = false;

  // Restricts the routers to these experts, for experiments. docs/measurements.md shows the loss of quality.
  AllowedExperts allowed_experts = {};

  // Opens checkpoints that lack experts, such as an extraction of a few experts. Routers choose from the experts that the
  // checkpoint has.
  bool allow_partial = false;
  // Compares experts with the checksums of an extraction: at each read if `memory` is limited, otherwise once in open().
  bool verify = false;

  // Called during open() while weights are read into memory or compared with checksums: `done` of `all` bytes are read. The
  // last call has done = all. Not called if weights stay in the mapped files and are not verified.
  std::function<void(std::uint64_t done, std::uint64_t all)> load_progress = {};
};

/// Options of a model with a provider or an executor of the caller.
struct ProviderModelOptions {
  std::size_t threads = 0;  // 0: one per core
  // Threads of the caller, which outlive the model. Null: the model starts `threads` threads.
  ThreadPool* pool = nullptr;
  TransformerOptions transformer = {};  // where the weights are, kernels, restrictions of routers
  MemoryPlan memory_plan = {};          // for Model::memory_plan(), if the caller made a plan
};

/// A transformer with its experts, its tokenizer and its threads. All members are thread-safe. Any number of sessions can
/// share a model, which must outlive them.
class Model {
 public:
  /// A model whose experts come from `provider`. Throws as the constructor of Transformer does, and if a file that states end
  /// tokens is malformed.
  template <ExpertProvider P>
  Model(Checkpoint checkpoint, P provider, ProviderModelOptions options = {})
      : Model(std::move(checkpoint), AnyProvider(std::move(provider)), std::move(options)) {}
  Model(Checkpoint checkpoint, AnyProvider provider, ProviderModelOptions options = {});

  /// A model whose experts are computed by `executor`. An executor that computes on options.pool uses the threads of the model
  /// while the model waits for the results. Throws as the other constructors do.
  Model(Checkpoint checkpoint, std::shared_ptr<ExpertExecutor> executor, ProviderModelOptions options = {});

  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  /// The files of the model, which stay open.
  const Checkpoint& checkpoint() const;
  /// The description of the model.
  const ModelSpec& spec() const { return transformer().spec(); }
  /// The model as a function of token ids, for callers that need logits.
  const Transformer& transformer() const;
  /// The number of threads that multiply, the calling thread included.
  std::size_t threads() const;

  /// The provider. experts().get<P>() points to the provider that the constructor was given, if its type is P. The provider of
  /// a model with an executor has no experts.
  AnyProvider& experts() const;

  /// The restriction of the routers. AllowedExperts::all() without a restriction.
  const AllowedExperts& allowed_experts() const { return transformer().allowed_experts(); }

  /// The division of the memory; zeros if the memory is not limited.
  const MemoryPlan& memory_plan() const;

  /// Whether tokenizer() succeeds: the checkpoint has a tokenizer that the library reads.
  bool has_tokenizer() const;

  /// Throws if the checkpoint has no tokenizer, or a tokenizer that the library does not read. Prompts of such a model are
  /// token ids.
  const Tokenizer& tokenizer() const;

  /// The tokens that end a text. generation_config.json, config.json, the files of the tokenizer or a GGUF file state them.
  const std::vector<EndToken>& end_tokens() const;

  /// The tokens that end an assistant's turn: the tokens of end_tokens() and the tokens that the template writes after a turn,
  /// except for tokens that the template also writes within a turn.
  std::vector<EndToken> end_tokens(const ChatTemplate& chat) const;

  /// Reads the chat template of the checkpoint. Throws if there is none, or if it is not supported.
  ChatTemplate chat_template() const { return ChatTemplate(checkpoint().path()); }

  /// The options in generation_config.json, with the defaults of Hugging Face for omitted keys; or the options that a GGUF file
  /// states. Greedy decoding if the checkpoint states no options. Throws if the checkpoint asks for a step that Sampling lacks.
  Sampling recommended_sampling() const { return detail::read_sampling(checkpoint()); }

 private:
  struct State;

  std::unique_ptr<State> state_;  // on the heap, since its members refer to each other
};

/// The provider of a model with limited memory: prefetching threads over a cache over reads from disk.
using CachedProvider = PrefetchingProvider<CachingProvider<ReadProvider>>;

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// The provider that reads the experts of a checkpoint from disk.
ReadProvider reading_experts(const Checkpoint& checkpoint, const ModelOptions& options);

/// The cache for experts of a checkpoint, with the budget of `plan`.
CachedProvider cached_experts(const Checkpoint& checkpoint, const MemoryPlan& plan,
                              const ModelOptions& options);

/// Throws unless the bytes of all experts have the checksums that the file states. Calls progress(bytes) after each expert, with
/// the bytes of its weights in memory.
void verify_experts(const ExpertCatalog& catalog, FunctionRef<void(std::uint64_t)> progress = {});

/// The type of moe::open. Argument-dependent lookup does not find function objects. So in a program that defines its own
/// function `open`, the call open(model) finds only the function of the program.
struct Open {
  Model operator()(const std::string& path, const ModelOptions& options = {}) const;
  Model operator()(const PathObject auto& path, const ModelOptions& options = {}) const {
    return (*this)(utf8_of(path), options);
  }
};

/// The type of moe::plan_memory.
struct PlanMemory {
  MemoryPlan operator()(const Checkpoint& checkpoint, const ModelOptions& options) const;
};

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// Opens a checkpoint as it was downloaded. See Checkpoint for the paths that it accepts.
///
///   const auto model = moe::open("Qwen3-30B-A3B", {.memory = {.total_bytes = 8_GiB}});
///   moe::Session session(model);
///   for (const moe::Piece& piece : session.stream("The sea")) std::cout << piece.text << std::flush;
inline constexpr detail::Open open;

/// plan_memory(checkpoint, options): the division of the memory for a model with these options, whose memory is limited.
/// Throws if the memory does not suffice.
inline constexpr detail::PlanMemory plan_memory;

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "model.ipp"
#endif
