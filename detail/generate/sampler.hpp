#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "random.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI {

/// How the next token is drawn, with the meaning and the order of Hugging Face's generate():
/// repetition penalty, temperature, top-k, top-p, min-p, then one draw.
struct Sampling {
  double temperature = 0;         // 0: always the most likely token, and only the penalty counts
  std::size_t top_k = 0;          // keep the k most likely, and whatever equals the k-th; 0: all
  double top_p = 1;               // keep the fewest most likely ones whose probabilities sum to at least p
  double min_p = 0;               // keep those with at least p times the probability of the most likely one
  double repetition_penalty = 1;  // above 1 makes tokens less likely that are in the context already
  std::uint64_t seed = 0;         // the same seed draws the same tokens

  /// Throws if a value is out of its range.
  void check() const;
};

/// Draws tokens. Reproducible: the same seed, logits and contexts give the same tokens on every machine.
class Sampler {
 public:
  explicit Sampler(const Sampling& sampling);

  /// The next token. logits: [vocabulary]; context: the tokens so far, prompt included.
  TokenId operator()(std::span<const float> logits, std::span<const TokenId> context);

 private:
  struct Candidate {
    TokenId id;
    double score;
  };

  /// As torch.sort leaves equals in order: the one with the higher id counts as more likely.
  static bool less_likely(const Candidate& a, const Candidate& b);

  /// Hostile weights can make logits that no comparison can order.
  static double finite(float logit);

  void penalise(std::span<const TokenId> context);

  /// The first of those with the highest score.
  TokenId most_likely() const;

  double highest_score() const;

  void keep_top_k();

  /// The first `size` candidates are a heap: moves the most likely of them to place size - 1.
  void pop_most_likely(std::size_t size);

  /// Takes the most likely ones until their probabilities sum to p.
  void keep_top_p();

  void keep_min_p();

  template <class Condition>
  void keep(Condition condition) {
    std::erase_if(candidates_, [&](const Candidate& candidate) { return !condition(candidate); });
  }

  /// One token, by the inverse of the cumulative probabilities.
  TokenId draw();

  Sampling sampling_;
  Random random_;
  std::vector<Candidate> candidates_;
  std::vector<char> seen_;  // [vocabulary]: kept for its memory
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "sampler.ipp"
#endif
