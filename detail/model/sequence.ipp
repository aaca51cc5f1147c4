// SPDX-License-Identifier: MIT
#pragma once
#include "sequence.hpp"
#include "block.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

MOE_INLINE Sequence::Sequence(const detail::LayerWeights* model, const SequenceOptions& options,
                              detail::SequenceState state, std::size_t arena_bytes, std::size_t ropes,
                              detail::ExecutorLists lists)
    : model_(model),
      options_(options),
      state_(std::move(state)),
      arena_bytes_(arena_bytes),
      arena_(arena_bytes),
      angles_(ropes),
      lists_(std::move(lists)) {}

MOE_INLINE void Sequence::require_next(const detail::LayerWeights* model, std::size_t vocabulary_size,
                                       std::span<const TokenId> ids) const {
  detail::expect(model_ == model, "forward", "sequence", "a sequence of this transformer",
                 "a sequence of another transformer");
  detail::expect(!ids.empty(), "forward", "ids", "at least one", "none");
  for (const TokenId id : ids)
    if (id >= vocabulary_size)
      detail::fail("forward", "ids", detail::concat("ids below ", vocabulary_size), detail::concat(id));
  if (ids.size() > context() - position())
    detail::fail("forward", "context", detail::concat("at most ", context(), " positions"),
                 detail::concat(position() + ids.size()));
}

MOE_INLINE detail::StepText Sequence::begin_step(std::size_t first, std::size_t tokens) {
  state_.begin_step(tokens);
  return {state_, position(), first, tokens, on_routes_, restriction_};
}

MOE_INLINE void Sequence::commit(const detail::StepText& text) {
  state_.commit(text.tokens);
  restriction_ = text.restriction;
}

MOE_INLINE Sequence Sequence::fork() {
  Sequence out(model_, options_, state_.fork(), arena_bytes_, angles_.size(),
               detail::ExecutorLists(lists_.held.capacity()));
  out.restriction_ = restriction_;
  return out;
}

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::size_t chunk_of(const SequenceOptions& options) {
  return std::max(std::size_t{1}, std::min(options.chunk.value_or(512), options.context));
}

MOE_INLINE StateOptions state_options(const SequenceOptions& options) {
  return {options.context, chunk_of(options), options.kv_type};
}

MOE_INLINE SequenceOptions fitted(SequenceOptions options, const ModelSpec& spec) {
  options.context = std::min(options.context, spec.max_positions);
  return options;
}

MOE_INLINE std::size_t scratch_bytes(const ModelSpec& spec, std::size_t tokens, std::size_t threads,
                                     bool bf16_dot, bool experts_elsewhere, std::size_t texts) {
  Arena arena;
  const Workspace space{arena, tokens, threads, bf16_dot, experts_elsewhere};
  const RopeTable ropes(spec);
  std::vector<Angles> angles(ropes.size());
  (void)arena.take<float>(tokens * spec.hidden_size);     // the residual stream
  (void)arena.take<float>(texts * spec.vocabulary_size);  // the logits
  (void)arena.take<float>(texts * spec.hidden_size);      // the input of the head
  (void)QuantisedActivations(arena, texts * spec.hidden_size, bf16_dot);
  ropes.take_angles(space, angles);
  reserve_blocks(space, spec);
  return arena.peak_bytes();
}

}  // namespace moe::inline MOE_ABI::detail
