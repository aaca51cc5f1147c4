// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"
#include "../core/function_ref.hpp"
#include "../core/token.hpp"
#include "../spec/model_spec.hpp"
#include "arena.hpp"
#include "compute.hpp"
#include "feed_forward/executor.hpp"
#include "restriction_statistics.hpp"
#include "rope.hpp"
#include "routes.hpp"
#include "state.hpp"
#include "step.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

struct LayerWeights;
class SessionFile;

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// Options of a Sequence, and of the Session that owns it.
struct SequenceOptions {
  std::size_t context = 4096;  // the largest number of positions
  // Tokens of a prompt that go through the layers together: 0 counts as 1, and more than `context` as `context`. Each chunk
  // acquires each expert that it needs once. Not set: 512, or MemoryPlan::chunk in a session of a model with limited memory.
  std::optional<std::size_t> chunk = {};
  // Numbers in the KV cache: f16; f32 for exact comparison; or q8_0, which takes half of the memory of f16 and needs heads
  // whose width is a multiple of 32. docs/measurements.md says what q8_0 costs.
  DType kv_type = DType::f16;
  // Announces to the provider the experts that the next layer will probably choose, in steps of a single token; never in a
  // Batch. Off by default: about 12 % of the guesses are wrong, and measurements with so many wrong guesses gave fewer reads,
  // but also a lower speed (docs/measurements.md).
  bool lookahead = false;
};

class Transformer;
class Batch;

/// The state of one text in a model, and memory for intermediate results. Made by Transformer::sequence(), for that
/// transformer only, which must outlive the sequence. Not thread-safe; any number of sequences can share a transformer.
class Sequence {
 public:
  /// The number of computed positions, which is the position of the next token.
  std::size_t position() const { return state_.position(); }

  /// The largest number of positions.
  std::size_t context() const { return state_.context(); }

  /// The largest number of tokens that go through the layers together.
  std::size_t chunk() const { return state_.options().chunk; }

  /// Removes all positions from `position` on, and returns the new position: `position` if the model keeps the keys and values
  /// of all positions. Otherwise the new position may be earlier: sliding windows do not keep old positions, and recurrent
  /// mixers can only return to snapshots or to the beginning. A `position` at or after the current one changes nothing.
  std::size_t rewind(std::size_t position) { return state_.rewind(position); }

  /// The kinds of snapshots: prompt_end and periodic. The newest two snapshots of each kind are kept.
  using SnapshotKind = detail::SequenceState::SnapshotKind;
  /// Copies the states of recurrent mixers, so that rewind() can return to the current position. Models without recurrent
  /// mixers need no snapshots.
  void take_snapshot(SnapshotKind kind) { state_.take_snapshot(kind); }
  /// Whether the model has recurrent mixers, whose states rewind() can only take from snapshots.
  bool needs_snapshots() const { return state_.has_fixed_arrays(); }

  /// A second sequence with the same text so far, without the snapshots and the observer. On Linux the two sequences share the
  /// pages of keys, values and latents of a long text, until one of the two writes to a page; elsewhere, and for windows and
  /// recurrent states, the copy takes time and memory in proportion to the state.
  Sequence fork();

  /// From now on observer(routes) is called for every layer with experts, on the thread that calls forward(), before the
  /// experts are acquired. The observer must exist until this function is called again or the sequence is destroyed. The routes
  /// of a chunk that ends with an error or a stop are observed again when its tokens are computed again.
  template <class Observer>
  void observe_routes(Observer& observer) {
    on_routes_ = observer;
  }

  /// Statistics of all tokens that this sequence has computed, tokens that rewind() removed included.
  const RestrictionStatistics& restriction() const { return restriction_; }

  /// The bytes of the state of a full context with its snapshots.
  std::size_t state_bytes() const { return state_.bytes(); }
  /// The bytes of the intermediate results of a whole chunk.
  std::size_t scratch_bytes() const { return arena_bytes_; }

 private:
  friend class Transformer;
  friend class Batch;
  friend class detail::SessionFile;

  Sequence(const detail::LayerWeights* model, const SequenceOptions& options, detail::SequenceState state,
           std::size_t arena_bytes, std::size_t ropes, detail::ExecutorLists lists);

  /// Throws unless this is a sequence of the transformer with these weights, and `ids` are at least one, below
  /// `vocabulary_size`, and fit into the context.
  void require_next(const detail::LayerWeights* model, std::size_t vocabulary_size,
                    std::span<const TokenId> ids) const;

  /// The part of this sequence in a step: `tokens` tokens from row `first` on. position() does not change before commit().
  detail::StepText begin_step(std::size_t first, std::size_t tokens);

  /// Keeps what a step has computed.
  void commit(const detail::StepText& text);

  const detail::LayerWeights* model_;  // identifies the transformer, also after the transformer was moved
  SequenceOptions options_;
  detail::SequenceState state_;
  std::size_t arena_bytes_;
  detail::Arena arena_;
  std::vector<detail::Angles> angles_;  // of a step, in the arena
  detail::ExecutorLists lists_;
  FunctionRef<void(const Routes&)> on_routes_;
  RestrictionStatistics restriction_;
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// The number of tokens that go through the layers together under these options.
std::size_t chunk_of(const SequenceOptions& options);

StateOptions state_options(const SequenceOptions& options);

/// The options with a context of at most max_positions.
SequenceOptions fitted(SequenceOptions options, const ModelSpec& spec);

/// The bytes of the intermediate results of a step of `tokens` tokens, with the logits of one token of each text.
/// experts_elsewhere: whether an executor computes the experts.
std::size_t scratch_bytes(const ModelSpec& spec, std::size_t tokens, std::size_t threads, bool bf16_dot,
                          bool experts_elsewhere = false, std::size_t texts = 1);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "sequence.ipp"
#endif
