// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/forkable_memory.hpp"
#include "../spec/model_spec.hpp"
#include "state_array.hpp"
#include "state_declaration.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The state of a sequence: keys, values and latents of all positions or of a window, and the states of recurrent mixers. The
/// operating system provides memory when positions are filled.
///
/// A step writes the rows of the positions from position() on, and the next states of recurrent mixers beside their current
/// states. commit() makes the rows and the next states current. Without commit(), the next step computes as if this step had
/// not begun.
class SequenceState {
 public:
  /// Throws an Error if the state is larger than an object can be.
  SequenceState(const ModelSpec& spec, const StateOptions& options);

  /// The bytes of such a state when all positions are filled, with its snapshots.
  static std::size_t bytes_for(const ModelSpec& spec, const StateOptions& options);
  std::size_t bytes() const;

  std::size_t position() const { return position_; }
  std::size_t context() const { return options_.context; }
  const StateOptions& options() const { return options_; }

  KvRows kv(std::size_t layer);
  LatentRows latents(std::size_t layer);
  /// The index-th fixed array of a layer.
  FixedState fixed(std::size_t layer, std::size_t index);

  /// Must be called before a step writes.
  void begin_step(std::size_t tokens);
  void commit(std::size_t tokens);

  /// Goes back to `position`, or to an earlier position that can be restored, and returns the new position. With recurrent
  /// mixers, the new position is the position of the newest snapshot that is not after `position`, or 0 without such a
  /// snapshot. The new position is also 0 if a window no longer has positions that the next token would need.
  std::size_t rewind(std::size_t position);

  /// Where a snapshot is taken: at the end of a prompt, or at another position.
  enum class SnapshotKind { prompt_end, periodic };
  /// Copies the fixed arrays, so that rewind() can return to this position. Keeps the two newest snapshots of each kind.
  /// Without fixed arrays nothing is copied.
  void take_snapshot(SnapshotKind kind);

  /// A second state of the same positions, without the snapshots. On Linux, long texts share the pages of their rows until
  /// one of the two states writes to a page. Pointers and views into this state become invalid.
  SequenceState fork();

  /// Calls visit(bytes) for all bytes that the current position needs, in a fixed order.
  template <class Visit>
  void for_each_part(Visit&& visit) const {
    for_each_range([&](const Range& range) { visit(std::span(memory_.data() + range.begin, range.bytes)); });
  }
  template <class Visit>
  void for_each_part(Visit&& visit) {
    for_each_range([&](const Range& range) { visit(std::span(memory_.data() + range.begin, range.bytes)); });
  }

  bool has_fixed_arrays() const { return fixed_bytes() > 0; }

  /// Positions below this number have been written since the state was empty. A window keeps the newest of these positions.
  std::size_t written() const { return written_; }

  /// Sets the positions of a new state; the caller then fills all parts with the bytes of a state with these positions.
  void begin_restoring(std::size_t position, std::size_t written);

 private:
  static constexpr std::size_t kept_of_kind = 2;

  struct Snapshot {
    std::optional<std::size_t> position;
    std::vector<std::byte> bytes;  // of all fixed arrays
  };

  /// The arrays of one layer: they begin at arrays_[first].
  struct Layer {
    std::size_t first = 0;
    std::size_t heads = 0, head_dim = 0;  // of keys and values; for latents, head_dim is the size of a row
  };

  using Range = ForkableMemory::Range;  // bytes of memory_

  SequenceState(const StateOptions& options, std::vector<StateArray> arrays, std::vector<Layer> layers,
                ForkableMemory memory);

  static std::vector<StateArray> declare(const ModelSpec& spec, const StateOptions& options,
                                         std::vector<Layer>& layers);

  std::size_t fixed_bytes() const;

  template <class Visit>
  void for_each_range(Visit&& visit) const {
    for (std::size_t i = 0; i < arrays_.size(); ++i)
      for (std::size_t plane = 0; plane < arrays_[i].planes; ++plane) visit(part(i, plane));
  }

  /// The bytes of one plane that the current position needs.
  Range part(std::size_t array, std::size_t plane) const;

  /// Moves this state to pages that forks share, unless at least half of its positions are on such pages already.
  void freeze();

  /// The bytes of one plane that a fork does not share. For an array of kind `rows`, they begin with the granule (see
  /// StateArray) of the first position that is not shared.
  Range unshared_part(std::size_t array, std::size_t plane) const;

  /// The offset of an array in memory_; for a fixed array, of its current or its next copy.
  std::size_t begin_of(std::size_t array, bool next = false) const;
  std::byte* data_of(std::size_t array, bool next = false) { return memory_.data() + begin_of(array, next); }

  /// Whether all rings still have the rows that the token at `position` needs.
  bool can_rewind_rings(std::size_t position) const;

  /// The newest snapshot that is not after `position` and to which all rings can go back; null if there is none.
  const Snapshot* newest_snapshot(std::size_t position) const;

  /// Sets the fixed arrays to the bytes of the snapshot. If the snapshot has no position, sets them to 0, the state of an empty
  /// text.
  void restore(const Snapshot& snapshot);

  /// Drops the snapshots of positions after `position`.
  void forget_behind(std::size_t position);

  StateOptions options_;
  std::vector<StateArray> arrays_;
  std::vector<Layer> layers_;
  std::vector<std::size_t> offsets_;  // of each array, in memory_
  ForkableMemory memory_;
  std::size_t position_ = 0;
  std::size_t shared_ = 0;   // rows of positions below this number are unchanged since memory_ was frozen
  std::size_t written_ = 0;  // rows were written at positions below this one
  bool second_is_current_ = false;                               // of the two copies of fixed arrays
  std::array<std::array<Snapshot, kept_of_kind>, 2> snapshots_;  // by kind
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "state.ipp"
#endif
