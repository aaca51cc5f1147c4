// SPDX-License-Identifier: MIT
#pragma once
#include "batch.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI {

MOE_INLINE Batch::Batch(const detail::LayerWeights* model, const ModelSpec& spec, const BatchOptions& options,
                        std::size_t arena_bytes, std::size_t ropes)
    : model_(model),
      vocabulary_size_(spec.vocabulary_size),
      options_(options),
      arena_bytes_(arena_bytes),
      arena_(arena_bytes),
      angles_(ropes),
      lists_(spec.experts()) {
  entries_.reserve(options.sequences);
  ids_.reserve(options.tokens);
  texts_.reserve(options.sequences);
  last_rows_.reserve(options.sequences);
}

MOE_INLINE std::size_t Batch::room() const {
  return size() < options_.sequences ? options_.tokens - ids_.size() : 0;
}

MOE_INLINE std::size_t Batch::add(Sequence& sequence, std::span<const TokenId> ids) {
  sequence.require_next(model_, vocabulary_size_, ids);
  for (std::size_t i = 0; i < size(); ++i)
    if (entries_[i].sequence == &sequence)
      detail::fail("batch", "sequence", "a sequence that is not in the batch",
                   detail::concat("the sequence at index ", i));
  if (ids.size() > sequence.chunk())
    detail::fail("batch", "ids", detail::concat("at most ", sequence.chunk(), ", the chunk of the sequence"),
                 detail::concat(ids.size()));
  if (size() == options_.sequences)
    detail::fail("batch", "sequences", detail::concat("at most ", options_.sequences), "one more");
  if (ids.size() > room())
    detail::fail(
        "batch", "tokens",
        detail::concat("at most ", options_.tokens, " of all sequences, so at most ", room(), " more"),
        detail::concat(ids.size()));
  entries_.push_back({&sequence, sequence.position(), ids_.size(), ids.size()});
  ids_.insert(ids_.end(), ids.begin(), ids.end());
  has_logits_ = false;
  return size() - 1;
}

MOE_INLINE void Batch::clear() {
  entries_.clear();
  ids_.clear();
  has_logits_ = false;
}

}  // namespace moe::inline MOE_ABI
