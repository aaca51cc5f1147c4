// SPDX-License-Identifier: MIT
// A transformer with an executor: the order of the calls, and exceptions.
#include "detail/core/error.hpp"
#include "detail/core/thread_pool.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/model/local_executor.hpp"
#include "detail/model/transformer.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

enum class ThrowIn { nothing, begin, finish };

/// Throws where the test says, and notes the calls: b for begin(), f for finish().
class ScriptedExecutor final : public moe::ExpertExecutor {
 public:
  explicit ScriptedExecutor(moe::LocalExecutor& inner) : inner_(inner) {}

  void begin(const moe::ExpertBatch& batch) override {
    calls += 'b';
    slots += batch.slots();
    if (throw_in == ThrowIn::begin) throw std::runtime_error("begin fails");
    inner_.begin(batch);
  }

  void finish() override {
    calls += 'f';
    if (throw_in == ThrowIn::finish) throw moe::Error("finish: expected experts, found none");
    inner_.finish();
  }

  ThrowIn throw_in = ThrowIn::nothing;
  std::string calls;
  std::size_t slots = 0;

 private:
  moe::LocalExecutor& inner_;
};

struct Scripted {
  explicit Scripted(const std::string& name) : checkpoint(golden(name)) {}

  static std::vector<float> run(const moe::Transformer& model, moe::Sequence& sequence) {
    const std::vector<moe::TokenId> ids{1, 5, 3, 2};
    const std::span<const float> logits = model.forward(sequence, ids);
    return {logits.begin(), logits.end()};
  }

  moe::Checkpoint checkpoint;
  moe::MmapProvider experts{checkpoint};
  moe::ThreadPool pool{2};
  moe::LocalExecutor local{moe::ModelSpec(checkpoint), experts, pool};
  ScriptedExecutor executor{local};
  moe::Transformer model{checkpoint, executor, pool};
  moe::Transformer usual{checkpoint, experts, pool};
};

}  // namespace

TEST_CASE(
    "executors: begin and finish alternate, once for each layer with experts, with each visit in one slot") {
  const Scripted f("qwen2-moe");
  auto sequence = f.model.sequence({.context = 16, .chunk = 3});
  (void)f.run(f.model, sequence);
  std::string expected;
  std::size_t slots = 0;
  for (const moe::LayerSpec& layer : f.model.spec().layers)
    if (layer.router()) {
      expected += "bfbf";  // four tokens are two chunks
      slots += 4 * layer.router()->per_token;
    }
  CHECK(f.executor.calls == expected);
  CHECK(f.executor.slots == slots);
}

TEST_CASE("executors: an exception ends the step, and the same sequence continues with the right bits") {
  Scripted f("qwen2-moe");
  auto usual = f.usual.sequence({.context = 16});
  const std::vector<float> expected = f.run(f.usual, usual);
  auto sequence = f.model.sequence({.context = 16});
  for (int round = 0; round < 2; ++round) {
    f.executor.throw_in = ThrowIn::begin;
    f.executor.calls.clear();
    CHECK_THROWS_WITH_AS(f.run(f.model, sequence), "begin fails", std::runtime_error);
    CHECK(f.executor.calls == "b");
    f.executor.throw_in = ThrowIn::finish;
    CHECK_THROWS_AS(f.run(f.model, sequence), moe::Error);
    CHECK(sequence.position() == 0);
  }
  f.executor.throw_in = ThrowIn::nothing;
  CHECK(f.run(f.model, sequence) == expected);
}

TEST_CASE("executors: null is refused") {
  Scripted f("plain-bf16");
  check_error([&] { return moe::Transformer(f.checkpoint, std::shared_ptr<moe::ExpertExecutor>(), f.pool); },
              {"transformer: executor: expected an executor, found null"});
}
