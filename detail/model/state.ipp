// SPDX-License-Identifier: MIT
#pragma once
#include "state.hpp"
#include "../core/checked.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::vector<StateArray> SequenceState::declare(const ModelSpec& spec, const StateOptions& options,
                                                          std::vector<Layer>& layers) {
  std::vector<StateArray> out;
  for (const LayerSpec& layer : spec.layers) {
    Layer& entry = layers.emplace_back(Layer{.first = out.size()});
    if (const auto* attention = std::get_if<AttentionSpec>(&layer.mixer)) {
      entry.heads = attention->kv_heads;
      entry.head_dim = attention->head_dim;
    } else if (const auto* latent = std::get_if<LatentAttentionSpec>(&layer.mixer)) {
      entry.head_dim = latent->row_size();
    }
    for (const StateArray& array : declare_state(layer.mixer, spec.hidden_size, options))
      out.push_back(array);
  }
  return out;
}

/// Arrays begin at cache lines.
inline std::size_t aligned_state_bytes(const StateArray& array) { return (array.bytes() + 63) / 64 * 64; }

inline std::size_t total_bytes(const std::vector<StateArray>& arrays) {
  std::size_t sum = 0;
  for (const StateArray& array : arrays)
    sum = checked_size("sequence", "state", {sum / 64 + aligned_state_bytes(array) / 64, 64});
  return sum;
}

inline std::size_t fixed_bytes_of(const std::vector<StateArray>& arrays) {
  std::size_t sum = 0;
  for (const StateArray& array : arrays)
    if (array.kind == StateArray::Kind::fixed) sum += array.granule_bytes;
  return sum;
}

MOE_INLINE SequenceState::SequenceState(const StateOptions& options, std::vector<StateArray> arrays,
                                        std::vector<Layer> layers, ForkableMemory memory)
    : options_(options), arrays_(std::move(arrays)), layers_(std::move(layers)), memory_(std::move(memory)) {
  std::size_t offset = 0;
  for (const StateArray& array : arrays_) {
    offsets_.push_back(offset);
    offset += aligned_state_bytes(array);
  }
}

MOE_INLINE SequenceState::SequenceState(const ModelSpec& spec, const StateOptions& options)
    : SequenceState(options, {}, {}, {}) {
  std::vector<Layer> layers;
  std::vector<StateArray> arrays = declare(spec, options, layers);
  ForkableMemory memory(total_bytes(arrays));
  *this = SequenceState(options, std::move(arrays), std::move(layers), std::move(memory));
}

MOE_INLINE std::size_t SequenceState::bytes_for(const ModelSpec& spec, const StateOptions& options) {
  std::vector<Layer> layers;
  const std::vector<StateArray> arrays = declare(spec, options, layers);
  return total_bytes(arrays) + 2 * kept_of_kind * fixed_bytes_of(arrays);
}

MOE_INLINE std::size_t SequenceState::bytes() const {
  return memory_.bytes() + 2 * kept_of_kind * fixed_bytes();
}

MOE_INLINE std::size_t SequenceState::fixed_bytes() const { return fixed_bytes_of(arrays_); }

MOE_INLINE std::size_t SequenceState::begin_of(std::size_t array, bool next) const {
  const bool second = arrays_[array].kind == StateArray::Kind::fixed && second_is_current_ != next;
  return offsets_[array] + (second ? arrays_[array].granule_bytes : 0);
}

MOE_INLINE KvRows SequenceState::kv(std::size_t layer) {
  const Layer& entry = layers_[layer];
  const StateArray& values = arrays_[entry.first + 1];
  return {.type = options_.kv_type,
          .heads = entry.heads,
          .head_dim = entry.head_dim,
          .ring = values.kind == StateArray::Kind::ring ? values.capacity : 0,
          .plane_bytes = values.plane_bytes(),
          .keys = data_of(entry.first),
          .values = data_of(entry.first + 1)};
}

MOE_INLINE LatentRows SequenceState::latents(std::size_t layer) {
  const Layer& entry = layers_[layer];
  return {latent_type(options_.kv_type), entry.head_dim, data_of(entry.first)};
}

MOE_INLINE FixedState SequenceState::fixed(std::size_t layer, std::size_t index) {
  const std::size_t array = layers_[layer].first + index;
  return {reinterpret_cast<const float*>(data_of(array)), reinterpret_cast<float*>(data_of(array, true))};
}

MOE_INLINE void SequenceState::begin_step(std::size_t tokens) {
  written_ = std::max(written_, position_ + tokens);
  shared_ = std::min(shared_, position_);
}

MOE_INLINE void SequenceState::commit(std::size_t tokens) {
  position_ += tokens;
  second_is_current_ = !second_is_current_;
}

MOE_INLINE bool SequenceState::can_rewind_rings(std::size_t position) const {
  for (const StateArray& array : arrays_) {
    if (array.kind != StateArray::Kind::ring || written_ <= array.capacity) continue;
    const std::size_t oldest_needed = position < array.window ? 0 : position - array.window + 1;
    if (oldest_needed < written_ - array.capacity) return false;
  }
  return true;
}

MOE_INLINE std::size_t SequenceState::rewind(std::size_t position) {
  if (position >= position_) return position_;
  if (!can_rewind_rings(position)) position = 0;
  if (fixed_bytes() > 0) {
    const Snapshot* newest = newest_snapshot(position);
    position = newest ? *newest->position : 0;
    restore(newest ? *newest : Snapshot{});
  }
  position_ = position;
  if (position == 0) written_ = 0;
  forget_behind(position);
  return position;
}

MOE_INLINE const SequenceState::Snapshot* SequenceState::newest_snapshot(std::size_t position) const {
  const Snapshot* newest = nullptr;
  for (const auto& kind : snapshots_)
    for (const Snapshot& snapshot : kind)
      if (snapshot.position && *snapshot.position <= position && can_rewind_rings(*snapshot.position) &&
          (!newest || *snapshot.position > *newest->position))
        newest = &snapshot;
  return newest;
}

MOE_INLINE void SequenceState::restore(const Snapshot& snapshot) {
  std::size_t offset = 0;
  for (std::size_t i = 0; i < arrays_.size(); ++i) {
    if (arrays_[i].kind != StateArray::Kind::fixed) continue;
    const std::size_t bytes = arrays_[i].granule_bytes;
    if (snapshot.position) {
      std::memcpy(data_of(i), snapshot.bytes.data() + offset, bytes);
    } else {
      std::memset(data_of(i), 0, bytes);
    }
    offset += bytes;
  }
}

MOE_INLINE void SequenceState::forget_behind(std::size_t position) {
  for (auto& kind : snapshots_)
    for (Snapshot& snapshot : kind)
      if (snapshot.position && *snapshot.position > position) snapshot.position.reset();
}

MOE_INLINE void SequenceState::take_snapshot(SnapshotKind kind) {
  if (fixed_bytes() == 0) return;
  auto& kept = snapshots_[static_cast<std::size_t>(kind)];
  Snapshot* oldest = kept.data();
  for (Snapshot& snapshot : kept) {
    if (snapshot.position == position_) return;
    if (!snapshot.position || (oldest->position && *snapshot.position < *oldest->position))
      oldest = &snapshot;
  }
  oldest->bytes.resize(fixed_bytes());
  std::size_t offset = 0;
  for (std::size_t i = 0; i < arrays_.size(); ++i) {
    if (arrays_[i].kind != StateArray::Kind::fixed) continue;
    std::memcpy(oldest->bytes.data() + offset, data_of(i), arrays_[i].granule_bytes);
    offset += arrays_[i].granule_bytes;
  }
  oldest->position = position_;
}

MOE_INLINE SequenceState::Range SequenceState::part(std::size_t array, std::size_t plane) const {
  const StateArray& a = arrays_[array];
  if (a.kind == StateArray::Kind::fixed) return {begin_of(array), a.granule_bytes};
  // After a rewind, a ring still contains positions after the current one, in the slots of older positions.
  const std::size_t used = std::min(a.kind == StateArray::Kind::ring ? written_ : position_, a.capacity);
  const std::size_t granules = (used + a.granule_positions - 1) / a.granule_positions;
  return {begin_of(array) + plane * a.plane_bytes(), granules * a.granule_bytes};
}

MOE_INLINE void SequenceState::begin_restoring(std::size_t position, std::size_t written) {
  position_ = position;
  written_ = written;
  forget_behind(0);
}

MOE_INLINE void SequenceState::freeze() {
  if (position_ <= 2 * shared_) return;
  std::vector<Range> ranges;
  std::size_t bytes = 0;
  for_each_range([&](const Range& range) {
    ranges.push_back(range);
    bytes += range.bytes;
  });
  // States below this size are copied, since a copy of few bytes is faster than a mapping.
  constexpr std::size_t least_bytes = std::size_t{1} << 20;
  if (bytes >= least_bytes && memory_.freeze(ranges)) shared_ = position_;
}

MOE_INLINE SequenceState::Range SequenceState::unshared_part(std::size_t array, std::size_t plane) const {
  const StateArray& a = arrays_[array];
  const Range all = part(array, plane);
  if (a.kind != StateArray::Kind::rows) return all;
  const std::size_t shared = std::min(shared_ / a.granule_positions * a.granule_bytes, all.bytes);
  return {all.begin + shared, all.bytes - shared};
}

MOE_INLINE SequenceState SequenceState::fork() {
  freeze();
  SequenceState out(options_, arrays_, layers_, memory_.fork());
  out.begin_restoring(position_, written_);
  out.shared_ = shared_;
  for (std::size_t i = 0; i < arrays_.size(); ++i)
    for (std::size_t plane = 0; plane < arrays_[i].planes; ++plane) {
      const Range from = unshared_part(i, plane), to = out.unshared_part(i, plane);
      std::memcpy(out.memory_.data() + to.begin, memory_.data() + from.begin, from.bytes);
    }
  return out;
}

}  // namespace moe::inline MOE_ABI::detail
