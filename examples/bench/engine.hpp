// SPDX-License-Identifier: MIT
// A model with its own threads, and the bytes and operations that a token needs.
#pragma once
#include <moe.hpp>

#include "detail/core/stopwatch.hpp"
#include "detail/model/sequence.hpp"
#include "detail/model/weights.hpp"
#include "detail/simd/kernel_table.hpp"
#include "machine_limits.hpp"
#include "product_clock.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

/// The weights that a token uses: the matrices of all layers and of the head, and of experts only the chosen ones.
struct TokenWork {
  template <class Transformer>
  TokenWork(const Transformer& transformer, const moe::ExpertCatalog& catalog) {
    const moe::ModelSpec& spec = transformer.spec();
    for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
      const moe::detail::LayerWeights& w = transformer.weights().layers[layer];
      for (const moe::Matrix* matrix : moe::detail::matrices_of(w))
        add(matrix->bytes(), matrix->rows * matrix->cols);
      const moe::RouterSpec* router = spec.layers[layer].router();
      const moe::ExpertLocation* expert = router ? catalog.first_of(layer) : nullptr;
      if (!expert) continue;
      for (const moe::MatrixLocation& matrix : {expert->gate, expert->up, expert->down})
        add(router->per_token * matrix.bytes(), router->per_token * matrix.rows * matrix.cols);
      type = expert->up.dtype;
    }
    const moe::Matrix& head = transformer.weights().head;
    head_operations = 2.0 * static_cast<double>(head.rows * head.cols);
    add(head.bytes(), head.rows * head.cols);
    if (catalog.size() == 0) type = head.dtype;
  }

  /// Only the last token of a prompt needs the head.
  double prompt_operations(std::size_t tokens) const {
    return static_cast<double>(tokens) * (operations - head_operations) + head_operations;
  }

  double bytes = 0, operations = 0, head_operations = 0;
  moe::DType type = moe::DType::f32;  // of the experts; of the head in a dense model

 private:
  void add(std::size_t matrix_bytes, std::size_t numbers) {
    bytes += static_cast<double>(matrix_bytes);
    operations += 2.0 * static_cast<double>(numbers);
  }
};

class Engine {
 public:
  /// experts, memory: must outlive the engine.
  Engine(const moe::Checkpoint& checkpoint, moe::AnyProvider& experts, std::size_t threads,
         const moe::detail::simd::Kernels& kernels, const UncachedMemory& memory)
      : pool_(threads),
        transformer_(checkpoint, experts, pool_,
                     {.weights = moe::WeightStorage::owned, .kernels = &ProductClock::kernels(kernels)}),
        limits_(pool_, memory, moe::detail::simd::active_isa()) {}

  const moe::Transformer& transformer() const { return transformer_; }
  const MachineLimits& limits() const { return limits_; }
  std::size_t threads() const { return pool_.threads(); }

  moe::Sequence sequence(const moe::SequenceOptions& options) const { return transformer_.sequence(options); }

 private:
  moe::ThreadPool pool_;
  moe::Transformer transformer_;
  MachineLimits limits_;
};

/// A sequence that is cut back before each run.
class Text {
 public:
  Text(const Engine& engine, const moe::SequenceOptions& options)
      : engine_(&engine), sequence_(engine.sequence(options)) {}

  /// The seconds for a prompt.
  double read(std::span<const moe::TokenId> prompt) {
    sequence_.rewind(0);
    const moe::detail::Stopwatch stopwatch;
    engine_->transformer().forward(sequence_, prompt);
    return stopwatch.seconds();
  }

  /// The seconds for tokens one by one, after `context` other tokens, whose computation does not count.
  double decode(std::size_t context, std::span<const moe::TokenId> ids) {
    go_behind(context, ids.front());
    const moe::detail::Stopwatch stopwatch;
    for (std::size_t i = 0; i < ids.size(); ++i) engine_->transformer().forward(sequence_, ids.subspan(i, 1));
    return stopwatch.seconds();
  }

 private:
  /// Makes `context` the position. Layers with windows and recurrent mixers may need the tokens before this position again.
  void go_behind(std::size_t context, moe::TokenId id) {
    const std::size_t position = sequence_.rewind(context);
    if (position == context) return;
    engine_->transformer().forward(sequence_, std::vector<moe::TokenId>(context - position, id));
    sequence_.take_snapshot(moe::Sequence::SnapshotKind::prompt_end);
  }

  const Engine* engine_;
  moe::Sequence sequence_;
};
