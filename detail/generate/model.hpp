#pragma once
#include "../core/error.hpp"
#include "../core/thread_pool.hpp"
#include "../experts/any_provider.hpp"
#include "../experts/memory_provider.hpp"
#include "../experts/mmap_provider.hpp"
#include "../io/checkpoint.hpp"
#include "../model/config.hpp"
#include "../model/transformer.hpp"
#include "../text/chat_template.hpp"
#include "../text/tokenizer.hpp"
#include "recommended_sampling.hpp"

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
  Experts experts = Experts::mapped;  // see MmapProvider and MemoryProvider
};

/// Everything that a text needs: a transformer with its experts, the tokenizer, the threads.
/// Any number of sessions, on any threads, can share a model; it must outlive them.
template <ExpertProvider P = AnyProvider>
class Model {
 public:
  /// A model whose experts come from `provider`. Throws if the checkpoint is none that can be run.
  Model(Checkpoint checkpoint, P provider, std::size_t threads = 0)
      : state_(std::make_unique<State>(std::move(checkpoint), std::move(provider), threads)) {}

  const Checkpoint& checkpoint() const { return state_->checkpoint; }
  const ModelConfig& config() const { return state_->transformer.config(); }
  const Transformer<P>& transformer() const { return state_->transformer; }
  P& experts() const { return state_->experts; }
  std::size_t threads() const { return state_->pool.threads(); }

  bool has_tokenizer() const { return state_->tokenizer.has_value(); }

  /// Throws if the checkpoint has no tokenizer: then only ids can be used.
  const Tokenizer& tokenizer() const {
    if (!has_tokenizer()) fail(checkpoint().directory(), "tokenizer.json", "a file", "none");
    return *state_->tokenizer;
  }

  /// Reads the checkpoint's chat template. Throws if it has none, or one that is not known.
  ChatTemplate chat_template() const { return ChatTemplate(checkpoint().directory()); }

  /// What generation_config.json recommends, with the defaults of Hugging Face; without it, the most likely token.
  Sampling recommended_sampling() const { return read_sampling(checkpoint()); }

 private:
  struct State {
    State(Checkpoint from, P provider, std::size_t threads)
        : checkpoint(std::move(from)),
          experts(std::move(provider)),
          pool(threads),
          transformer(checkpoint, experts, pool) {
      for (const char* name : {"tokenizer.json", "vocab.json"})
        if (!tokenizer && is_file(join_path(checkpoint.directory(), name)))
          tokenizer.emplace(checkpoint.directory());
    }

    Checkpoint checkpoint;
    P experts;
    ThreadPool pool;
    Transformer<P> transformer;
    std::optional<Tokenizer> tokenizer;
  };

  std::unique_ptr<State> state_;  // on the heap: the transformer keeps the addresses of its neighbours
};

/// Opens a checkpoint as it was downloaded. `path`: a std::string or what converts to one; see Checkpoint.
///
///   const auto model = moe::open("Qwen3-30B-A3B");
///   moe::Session session(model);
///   for (const moe::Piece& piece : session.stream("The sea")) std::cout << piece.text << std::flush;
template <class Path>
Model<AnyProvider> open(const Path& path, const ModelOptions& options = {}) {
  const Checkpoint checkpoint(path);
  const ExpertCatalog catalog(checkpoint);
  require_experts(catalog, ModelConfig(checkpoint));
  const bool in_memory = options.experts == ModelOptions::Experts::in_memory;
  return Model<AnyProvider>(
      checkpoint, in_memory ? AnyProvider(MemoryProvider(catalog)) : AnyProvider(MmapProvider(catalog)),
      options.threads);
}

}  // namespace moe
