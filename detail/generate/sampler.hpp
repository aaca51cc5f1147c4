// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "random.hpp"
#include "sampling.hpp"
#include "text_history.hpp"

#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI {

/// The text before the token to be drawn. Any contiguous range of tokens converts to a SamplerContext without a prompt.
struct SamplerContext {
  SamplerContext() = default;
  /// The text `all`, which must outlive this object, of which the first `prompt` tokens are the prompt.
  template <std::convertible_to<std::span<const TokenId>> Tokens>
  SamplerContext(const Tokens& all, std::size_t prompt = 0) : tokens(all), prompt_size(prompt) {}

  std::span<const TokenId> tokens;  // all tokens so far, prompt included
  std::size_t prompt_size = 0;      // the number of tokens at the beginning that are the prompt
};

/// Draws tokens. Reproducible: the same options, logits and contexts give the same tokens on every machine. Not thread-safe.
class Sampler {
 public:
  /// Throws if `sampling` is out of range.
  explicit Sampler(const Sampling& sampling);

  /// Allocates the memory for contexts of this many tokens, so that calls after the first allocate nothing.
  void reserve(std::size_t tokens);

  /// Draws the next token. logits: [vocabulary]. A logit of -inf excludes its token. Takes time linear in the vocabulary and
  /// in the new tokens of the context, plus k log vocabulary if top-p or typical-p keeps k tokens, plus one comparison with the
  /// context of the last call, plus the search of NgramIndex. Throws if a logit is NaN or +inf, if all tokens are excluded, or
  /// if the options have an id outside of the vocabulary.
  TokenId operator()(std::span<const float> logits, const SamplerContext& context);

 private:
  struct Candidate {
    TokenId id;
    double score;
  };

  /// A strict order by score. Of equal scores the higher id counts as more likely, as at the end of an ascending torch.sort.
  static bool less_likely(const Candidate& a, const Candidate& b);

  bool penalises_generated() const {
    return sampling_.presence_penalty != 0 || sampling_.frequency_penalty != 0;
  }
  bool needs_history() const {
    return sampling_.repetition_penalty != 1 || penalises_generated() || sampling_.no_repeat_ngram_size > 0;
  }

  void read(std::span<const float> logits);

  /// The steps before the temperature.
  void process(const SamplerContext& context);

  /// Makes candidates of all tokens whose score is not -inf.
  void collect();

  /// The first candidate with the highest score.
  const Candidate& most_likely() const;

  void keep_top_k();

  /// Moves the most likely of the first `size` candidates, which are a heap, to index size - 1.
  void pop_most_likely(std::size_t size);

  void keep_top_p();

  void keep_min_p();

  void keep_typical();

  /// Draws one candidate, by inverting the cumulative distribution in the order of the ids.
  TokenId draw();

  Sampling sampling_;
  Random random_;
  detail::TextHistory history_;
  std::vector<double> scores_;  // [vocabulary]; scores_ and candidates_ keep their memory between calls
  std::vector<Candidate> candidates_;  // the tokens that the steps so far keep
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "sampler.ipp"
#endif
