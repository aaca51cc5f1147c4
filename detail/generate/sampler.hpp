#pragma once
#include "../core/error.hpp"
#include "../core/math.hpp"
#include "../core/token.hpp"
#include "random.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace moe {

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
  void check() const {
    const auto require = [](bool condition, std::string_view member, std::string_view expected,
                            double found) {
      if (!condition) fail("sampling", member, expected, detail::concat(found));
    };
    require(temperature >= 0 && std::isfinite(temperature), "temperature", "a number from 0", temperature);
    require(top_p > 0 && top_p <= 1, "top_p", "a number above 0, up to 1", top_p);
    require(min_p >= 0 && min_p <= 1, "min_p", "a number from 0 to 1", min_p);
    require(repetition_penalty > 0 && std::isfinite(repetition_penalty), "repetition_penalty",
            "a number above 0", repetition_penalty);
  }
};

/// Draws tokens. Reproducible: the same seed, logits and contexts give the same tokens on every machine.
class Sampler {
 public:
  explicit Sampler(Sampling sampling) : sampling_(sampling), random_(sampling.seed) { sampling_.check(); }

  /// The next token. logits: [vocabulary]; context: the tokens so far, prompt included.
  TokenId operator()(std::span<const float> logits, std::span<const TokenId> context) {
    expect(!logits.empty(), "sampler", "logits", "at least one", "none");
    scores_.clear();
    for (TokenId id = 0; id < logits.size(); ++id) scores_.push_back({id, finite(logits[id])});
    penalise(context);
    if (sampling_.temperature == 0) return std::max_element(scores_.begin(), scores_.end(), lower)->id;

    if (sampling_.temperature != 1)
      for (Score& score : scores_) score.value /= sampling_.temperature;
    keep_top_k();
    keep_top_p();
    keep_min_p();
    return draw();
  }

 private:
  struct Score {
    TokenId id;
    double value;
  };

  static bool lower(const Score& a, const Score& b) { return a.value < b.value; }

  /// Hostile weights can make logits that no comparison can order.
  static double finite(float logit) {
    constexpr float most = std::numeric_limits<float>::max();
    return std::isnan(logit) ? -most : std::clamp(logit, -most, most);
  }

  void penalise(std::span<const TokenId> context) {
    if (sampling_.repetition_penalty == 1) return;
    seen_.assign(context.begin(), context.end());
    std::sort(seen_.begin(), seen_.end());
    seen_.erase(std::unique(seen_.begin(), seen_.end()), seen_.end());
    for (const TokenId id : seen_) {
      if (id >= scores_.size()) continue;
      double& value = scores_[id].value;
      value = value < 0 ? value * sampling_.repetition_penalty : value / sampling_.repetition_penalty;
    }
  }

  void keep_top_k() {
    if (sampling_.top_k == 0 || sampling_.top_k >= scores_.size()) return;
    ranked_ = scores_;
    const auto last = ranked_.begin() + static_cast<std::ptrdiff_t>(sampling_.top_k - 1);
    std::nth_element(ranked_.begin(), last, ranked_.end(),
                     [](const Score& a, const Score& b) { return lower(b, a); });
    const double least = last->value;
    std::erase_if(scores_, [&](const Score& score) { return score.value < least; });
  }

  /// Goes through the tokens from the least likely one and removes them while their sum is at most 1 − p.
  void keep_top_p() {
    if (sampling_.top_p == 1) return;
    ranked_ = scores_;
    std::sort(ranked_.begin(), ranked_.end(), [](const Score& a, const Score& b) {
      return a.value != b.value ? a.value < b.value : a.id < b.id;
    });
    const double total = exponentiate(ranked_);
    double sum = 0;
    std::size_t removed = 0;
    while (removed + 1 < ranked_.size()) {
      sum += ranked_[removed].value / total;
      if (sum > 1 - sampling_.top_p) break;
      ++removed;
    }
    seen_.clear();
    for (std::size_t i = 0; i < removed; ++i) seen_.push_back(ranked_[i].id);
    std::sort(seen_.begin(), seen_.end());
    std::erase_if(scores_,
                  [&](const Score& s) { return std::binary_search(seen_.begin(), seen_.end(), s.id); });
  }

  void keep_min_p() {
    if (sampling_.min_p == 0) return;
    const double most = std::max_element(scores_.begin(), scores_.end(), lower)->value;
    std::erase_if(scores_, [&](const Score& s) { return detail::exp(s.value - most) < sampling_.min_p; });
  }

  /// One token, by the inverse of the cumulative probabilities in the order of ids.
  TokenId draw() {
    const double total = exponentiate(scores_);
    double rest = random_.uniform() * total;
    for (const Score& score : scores_) {
      rest -= score.value;
      if (rest < 0) return score.id;
    }
    return scores_.back().id;  // rounding can leave a little
  }

  /// value = e^(value − largest); returns the sum.
  static double exponentiate(std::vector<Score>& scores) {
    const double most = std::max_element(scores.begin(), scores.end(), lower)->value;
    double sum = 0;
    for (Score& score : scores) sum += score.value = detail::exp(score.value - most);
    return sum;
  }

  Sampling sampling_;
  Random random_;
  std::vector<Score> scores_, ranked_;  // kept for their memory
  std::vector<TokenId> seen_;
};

}  // namespace moe
