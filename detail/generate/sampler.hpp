#pragma once
#include "../core/error.hpp"
#include "../core/math.hpp"
#include "../core/token.hpp"
#include "random.hpp"

#include <algorithm>
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
    require(temperature >= 0 && temperature < 1e300, "temperature", "a number from 0", temperature);
    require(top_p > 0 && top_p <= 1, "top_p", "a number above 0, up to 1", top_p);
    require(min_p >= 0 && min_p <= 1, "min_p", "a number from 0 to 1", min_p);
    require(repetition_penalty > 0 && repetition_penalty < 1e300, "repetition_penalty", "a number above 0",
            repetition_penalty);
  }
};

/// Draws tokens. Reproducible: the same seed, logits and contexts give the same tokens on every machine.
class Sampler {
 public:
  explicit Sampler(const Sampling& sampling) : sampling_(sampling), random_(sampling.seed) {
    sampling_.check();
  }

  /// The next token. logits: [vocabulary]; context: the tokens so far, prompt included.
  TokenId operator()(std::span<const float> logits, std::span<const TokenId> context) {
    expect(!logits.empty(), "sampler", "logits", "at least one", "none");
    candidates_.clear();
    for (TokenId id = 0; id < logits.size(); ++id) candidates_.push_back({id, finite(logits[id])});
    penalise(context);
    if (sampling_.temperature == 0) return most_likely();
    for (Candidate& candidate : candidates_) candidate.score /= sampling_.temperature;
    keep_top_k();
    keep_top_p();
    keep_min_p();
    return draw();
  }

 private:
  struct Candidate {
    TokenId id;
    double score;
  };

  /// As torch.sort leaves equals in order: the one with the higher id counts as more likely.
  static bool less_likely(const Candidate& a, const Candidate& b) {
    return a.score != b.score ? a.score < b.score : a.id < b.id;
  }

  /// Hostile weights can make logits that no comparison can order.
  static double finite(float logit) {
    constexpr double most = std::numeric_limits<float>::max();
    return logit > most ? most : logit > -most ? double{logit} : -most;
  }

  void penalise(std::span<const TokenId> context) {
    if (sampling_.repetition_penalty == 1) return;
    seen_.assign(candidates_.size(), 0);
    for (const TokenId id : context) {
      if (id >= candidates_.size() || seen_[id]) continue;
      seen_[id] = 1;
      double& score = candidates_[id].score;
      score = score < 0 ? score * sampling_.repetition_penalty : score / sampling_.repetition_penalty;
    }
  }

  /// The first of those with the highest score.
  TokenId most_likely() const {
    const Candidate* best = candidates_.data();
    for (const Candidate& candidate : candidates_)
      if (candidate.score > best->score) best = &candidate;
    return best->id;
  }

  double highest_score() const {
    double most = candidates_.front().score;
    for (const Candidate& candidate : candidates_) most = std::max(most, candidate.score);
    return most;
  }

  void keep_top_k() {
    if (sampling_.top_k == 0 || sampling_.top_k >= candidates_.size()) return;
    std::size_t rest = candidates_.size();  // the most likely ones stand behind
    std::make_heap(candidates_.begin(), candidates_.end(), less_likely);
    for (std::size_t i = 0; i < sampling_.top_k; ++i) pop_most_likely(rest--);
    const double least = candidates_[rest].score;
    keep([&](const Candidate& candidate) { return candidate.score >= least; });
  }

  /// The first `size` candidates are a heap: moves the most likely of them to place size - 1.
  void pop_most_likely(std::size_t size) {
    std::pop_heap(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(size), less_likely);
  }

  /// Takes the most likely ones until their probabilities sum to p.
  void keep_top_p() {
    if (sampling_.top_p == 1) return;
    const double highest = highest_score();
    double total = 0, sum = 0;
    for (const Candidate& candidate : candidates_) total += detail::exp(candidate.score - highest);
    std::size_t rest = candidates_.size();
    std::make_heap(candidates_.begin(), candidates_.end(), less_likely);
    do {
      pop_most_likely(rest--);
      sum += detail::exp(candidates_[rest].score - highest);
    } while (rest > 0 && sum < sampling_.top_p * total);
    candidates_.erase(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(rest));
  }

  void keep_min_p() {
    if (sampling_.min_p == 0) return;
    const double highest = highest_score();
    keep([&](const Candidate& c) { return detail::exp(c.score - highest) >= sampling_.min_p; });
  }

  template <class Condition>
  void keep(Condition condition) {
    std::erase_if(candidates_, [&](const Candidate& candidate) { return !condition(candidate); });
  }

  /// One token, by the inverse of the cumulative probabilities.
  TokenId draw() {
    const double highest = highest_score();
    double total = 0;
    for (Candidate& candidate : candidates_)
      total += candidate.score = detail::exp(candidate.score - highest);
    double rest = random_.uniform() * total;
    for (const Candidate& candidate : candidates_) {
      rest -= candidate.score;
      if (rest < 0) return candidate.id;
    }
    return candidates_.back().id;  // rounding can leave a little
  }

  Sampling sampling_;
  Random random_;
  std::vector<Candidate> candidates_;
  std::vector<char> seen_;  // [vocabulary]: kept for its memory
};

}  // namespace moe
