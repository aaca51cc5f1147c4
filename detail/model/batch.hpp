// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "arena.hpp"
#include "feed_forward/executor.hpp"
#include "rope.hpp"
#include "sequence.hpp"
#include "step.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI {

/// Options of a Batch.
struct BatchOptions {
  std::size_t sequences = 8;  // the largest number of sequences in a pass; at least 1
  std::size_t tokens = 512;  // the largest number of tokens in a pass, of all sequences; at least `sequences`
};

/// The next tokens of several sequences, which Transformer::forward(batch) computes in one pass: each matrix is read once for
/// all tokens, and each expert is acquired once. Every sequence gets the bits that it gets alone. Sequences join and leave
/// between passes:
///
///   moe::Batch batch = transformer.batch({.sequences = 8});
///   while (...) {
///     batch.clear();
///     for (Text& text : texts) batch.add(text.sequence, text.next_tokens);
///     transformer.forward(batch);
///     for (std::size_t i = 0; i < batch.size(); ++i) sample(batch.logits(i));
///   }
///
/// Made by Transformer::batch(), for that transformer only, which must outlive the batch. The intermediate results of a pass
/// are in the memory of the batch; the memory of the sequences for such results is not used. Not thread-safe.
class Batch {
 public:
  /// Adds the next tokens of a sequence to the pass, and returns their index in the batch: one token, or a part of a prompt.
  /// Copies the ids. The sequence must stay at its address until the pass. Throws if the sequence belongs to another
  /// transformer or is in the batch already; if `ids` is empty, has an id out of range, is longer than Sequence::chunk(), or
  /// does not fit into the context; and if the batch has no room.
  std::size_t add(Sequence& sequence, std::span<const TokenId> ids);

  /// Removes all sequences.
  void clear();

  /// The number of sequences.
  std::size_t size() const { return entries_.size(); }

  /// The number of tokens that still fit into the pass; 0 if no sequence fits.
  std::size_t room() const;

  /// After a pass, the logits after the last token of the index-th sequence, [vocabulary]. Valid until the next pass.
  /// Precondition: forward() returned true, and neither add() nor clear() was called since.
  std::span<const float> logits(std::size_t index) const {
    MOE_ASSERT(has_logits_ && index < entries_.size());
    return logits_.subspan(index * vocabulary_size_, vocabulary_size_);
  }

  /// The largest numbers of sequences and tokens.
  const BatchOptions& options() const { return options_; }

  /// The bytes of the intermediate results of a full pass.
  std::size_t scratch_bytes() const { return arena_bytes_; }

 private:
  friend class Transformer;

  struct Entry {
    Sequence* sequence;
    std::size_t position;  // of the first token
    std::size_t first;     // the index of the first token in ids_
    std::size_t tokens;
  };

  Batch(const detail::LayerWeights* model, const ModelSpec& spec, const BatchOptions& options,
        std::size_t arena_bytes, std::size_t ropes);

  const detail::LayerWeights* model_;  // identifies the transformer
  std::size_t vocabulary_size_;
  BatchOptions options_;
  std::size_t arena_bytes_;
  detail::Arena arena_;
  std::vector<detail::Angles> angles_;
  detail::ExecutorLists lists_;
  std::vector<Entry> entries_;
  std::vector<TokenId> ids_;              // of all entries
  std::vector<detail::StepText> texts_;   // of the entries, during a pass
  std::vector<std::uint32_t> last_rows_;  // of the entries, during a pass
  std::span<float> logits_;               // [sequences, vocabulary], in the arena
  bool has_logits_ = false;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "batch.ipp"
#endif
