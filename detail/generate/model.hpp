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
#include "sampler.hpp"

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

/// Everything that a text needs: the transformer with its experts, the tokenizer, the threads.
/// Any number of sessions, on any threads, can share a model; it must outlive them.
class Model {
 public:
  /// A model whose experts come from `provider`, of any kind. Throws if the checkpoint is none that can be run.
  template <ExpertProvider P>
  Model(Checkpoint checkpoint, P provider, std::size_t threads = 0)
      : state_(std::make_unique<State>(std::move(checkpoint), AnyProvider(std::move(provider)), threads)) {}

  const Checkpoint& checkpoint() const { return state_->checkpoint; }
  const ModelConfig& config() const { return state_->transformer.config(); }
  const Transformer<AnyProvider>& transformer() const { return state_->transformer; }
  AnyProvider& experts() const { return state_->experts; }
  std::size_t threads() const { return state_->pool.threads(); }

  bool has_tokenizer() const { return state_->tokenizer.has_value(); }

  /// Throws if the checkpoint has no tokenizer: then only ids can be used.
  const Tokenizer& tokenizer() const {
    if (!state_->tokenizer) fail(state_->checkpoint.directory(), "tokenizer.json", "a file", "none");
    return *state_->tokenizer;
  }

  /// Reads the checkpoint's chat template. Throws if it has none, or one that is not known.
  ChatTemplate chat_template() const { return ChatTemplate(state_->checkpoint.directory()); }

  /// What generation_config.json recommends, with the defaults of Hugging Face; without it, the most likely token.
  Sampling recommended_sampling() const {
    Sampling out;
    const Json found = state_->checkpoint.generation_config();
    if (!found) return out;
    const detail::ConfigReader reader(found);
    out.repetition_penalty = reader.number("repetition_penalty", 1, {1e-3, 1e3});
    if (!reader.flag("do_sample", false)) return out;
    out.temperature = reader.number("temperature", 1, {0, 1e3});
    out.top_k = reader.size("top_k", 50);
    out.top_p = reader.number("top_p", 1, {1e-6, 1});
    out.min_p = reader.number("min_p", 0, {0, 1});
    return out;
  }

 private:
  struct State {
    State(Checkpoint from, AnyProvider provider, std::size_t threads)
        : checkpoint(std::move(from)),
          experts(std::move(provider)),
          pool(threads),
          transformer(checkpoint, experts, pool) {
      const auto there = [&](std::string_view name) {
        return is_file(join_path(checkpoint.directory(), name));
      };
      if (there("tokenizer.json") || there("vocab.json")) tokenizer.emplace(checkpoint.directory());
    }

    Checkpoint checkpoint;
    AnyProvider experts;
    ThreadPool pool;
    Transformer<AnyProvider> transformer;
    std::optional<Tokenizer> tokenizer;
  };

  std::unique_ptr<State> state_;  // on the heap: the transformer keeps the addresses of its neighbours
};

/// Opens a checkpoint as it was downloaded.
///
///   const moe::Model model = moe::open("Qwen3-30B-A3B");
///   moe::Session session(model);
///   for (const moe::Piece& piece : session.stream("The sea")) std::cout << piece.text << std::flush;
inline Model open(const std::string& path, ModelOptions options = {}) {
  const Checkpoint checkpoint(path);
  const ExpertCatalog catalog(checkpoint);
  require_experts(catalog, ModelConfig(checkpoint));
  if (options.experts == ModelOptions::Experts::in_memory)
    return Model(checkpoint, MemoryProvider(catalog), options.threads);
  return Model(checkpoint, MmapProvider(catalog), options.threads);
}

}  // namespace moe
