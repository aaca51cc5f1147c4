#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "random.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI {

/// How the next token is drawn. The steps and their order are those of Hugging Face's generate(): repetition penalty,
/// temperature, top-k, top-p, min-p, then one draw.
struct Sampling {
  // Divides the logits. 0, or too small for these quotients (below 2e-270): the most likely token, without top-k to min-p.
  double temperature = 0;
  std::size_t top_k = 0;  // keeps the k most likely tokens and all equal to the k-th one; 0: all tokens
  double top_p = 1;       // keeps the fewest most likely tokens whose probabilities sum to at least p
  double min_p = 0;       // keeps tokens with at least p times the probability of the most likely one
  double repetition_penalty = 1;  // above 1: tokens of the context become less likely
  std::uint64_t seed = 0;         // one seed always draws the same tokens

  /// Throws an Error that names the member if a value is NaN, infinite or out of its range.
  void check() const;
};

/// Draws tokens. Reproducible: the same options, logits and contexts give the same tokens on every machine. Not thread-safe.
class Sampler {
 public:
  /// Throws if `sampling` is out of range.
  explicit Sampler(const Sampling& sampling);

  /// Draws the next token. logits: [vocabulary]; context: all tokens so far, prompt included. A logit of -inf excludes its
  /// token. Throws if a logit is NaN or +inf, or if all tokens are excluded.
  TokenId operator()(std::span<const float> logits, std::span<const TokenId> context);

 private:
  struct Candidate {
    TokenId id;
    double score;
  };

  /// A strict order by score. Of equal scores the higher id counts as more likely, as in torch.sort.
  static bool less_likely(const Candidate& a, const Candidate& b);

  void collect(std::span<const float> logits);

  void penalise(std::span<const TokenId> context);

  void exclude_minus_infinity();

  /// The first candidate with the highest score.
  const Candidate& most_likely() const;

  void keep_top_k();

  /// The first `size` candidates are a heap: moves the most likely one of them to place size - 1.
  void pop_most_likely(std::size_t size);

  void keep_top_p();

  void keep_min_p();

  /// Draws one candidate, by inverting the cumulative distribution.
  TokenId draw();

  Sampling sampling_;
  Random random_;
  std::vector<Candidate> candidates_;  // kept between calls, for its memory
  std::vector<char> seen_;             // [vocabulary]; kept between calls, for its memory
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "sampler.ipp"
#endif
