// SPDX-License-Identifier: MIT
#pragma once
#include "sampler.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../core/portable_math.hpp"
#include "logits_processors.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

// With a smaller temperature, the quotient of a logit and the temperature may overflow.
inline constexpr double smallest_temperature = largest_logit / std::numeric_limits<double>::max();

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE Sampler::Sampler(const Sampling& sampling)
    : sampling_(sampling), random_(sampling.seed), history_(sampling.no_repeat_ngram_size) {
  sampling_.check();
}

MOE_INLINE void Sampler::reserve(std::size_t tokens) {
  if (needs_history()) history_.reserve(tokens);
}

MOE_INLINE TokenId Sampler::operator()(std::span<const float> logits, const SamplerContext& context) {
  read(logits);
  process(context);
  collect();
  if (sampling_.temperature < detail::smallest_temperature) return most_likely().id;
  for (Candidate& candidate : candidates_) candidate.score /= sampling_.temperature;
  keep_top_k();
  keep_top_p();
  keep_min_p();
  keep_typical();
  return draw();
}

MOE_INLINE bool Sampler::less_likely(const Candidate& a, const Candidate& b) {
  return a.score != b.score ? a.score < b.score : a.id < b.id;
}

MOE_INLINE void Sampler::read(std::span<const float> logits) {
  detail::expect(!logits.empty(), "sampler", "logits", "at least one", "none");
  scores_.clear();
  for (TokenId id = 0; id < logits.size(); ++id) {
    const float logit = logits[id];
    if (!(logit <= std::numeric_limits<float>::max()))
      detail::fail("sampler", detail::concat("logit of token ", id), "a finite number or -inf",
                   std::isnan(logit) ? "not a number" : "+inf");
    scores_.push_back(double{logit});
  }
}

MOE_INLINE void Sampler::process(const SamplerContext& context) {
  const Sampling& s = sampling_;
  detail::add_bias(scores_, s.logit_bias);
  if (needs_history()) history_.read(context.tokens, context.prompt_size, scores_.size());
  if (s.repetition_penalty != 1) detail::penalise_repetitions(scores_, history_, s.repetition_penalty);
  if (penalises_generated())
    detail::penalise_generated(scores_, history_, s.presence_penalty, s.frequency_penalty);
  if (s.no_repeat_ngram_size > 0) history_.ban_repeated_ngrams(scores_);
  detail::ban_tokens(scores_, s.banned_tokens);
  detail::ban_sequences(scores_, context.tokens, s.banned_sequences);
}

MOE_INLINE void Sampler::collect() {
  candidates_.clear();
  candidates_.reserve(scores_.size());  // so that later calls with more candidates allocate nothing
  for (TokenId id = 0; id < scores_.size(); ++id)
    if (!std::isinf(scores_[id])) candidates_.push_back({id, scores_[id]});
  detail::expect(!candidates_.empty(), "sampler", "logits", "one that is not -inf", "none");
}

MOE_INLINE const Sampler::Candidate& Sampler::most_likely() const {
  return *std::max_element(candidates_.begin(), candidates_.end(),
                           [](const Candidate& a, const Candidate& b) { return a.score < b.score; });
}

MOE_INLINE void Sampler::keep_top_k() {
  if (sampling_.top_k == 0 || sampling_.top_k >= candidates_.size()) return;
  scores_.clear();
  for (const Candidate& candidate : candidates_) scores_.push_back(candidate.score);
  const auto last = scores_.begin() + static_cast<std::ptrdiff_t>(sampling_.top_k - 1);
  std::nth_element(scores_.begin(), last, scores_.end(), std::greater<>());
  std::erase_if(candidates_, [&](const Candidate& candidate) { return candidate.score < *last; });
}

MOE_INLINE void Sampler::pop_most_likely(std::size_t size) {
  std::pop_heap(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(size), less_likely);
}

MOE_INLINE void Sampler::keep_top_p() {
  if (sampling_.top_p == 1) return;
  const double highest = most_likely().score;
  double total = 0, sum = 0;
  for (const Candidate& candidate : candidates_) total += detail::portable::exp(candidate.score - highest);
  std::size_t rest = candidates_.size();
  std::make_heap(candidates_.begin(), candidates_.end(), less_likely);
  do {
    pop_most_likely(rest--);
    sum += detail::portable::exp(candidates_[rest].score - highest);
  } while (rest > 0 && sum < sampling_.top_p * total);
  candidates_.erase(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(rest));
}

MOE_INLINE void Sampler::keep_min_p() {
  if (sampling_.min_p == 0) return;
  const double highest = most_likely().score;
  std::erase_if(candidates_, [&](const Candidate& candidate) {
    return detail::portable::exp(candidate.score - highest) < sampling_.min_p;
  });
}

MOE_INLINE void Sampler::keep_typical() {
  if (sampling_.typical_p == 1) return;
  const double highest = most_likely().score;
  double total = 0, weighted = 0, sum = 0;
  for (const Candidate& candidate : candidates_) {
    const double below = std::max(candidate.score - highest, -700.0);  // e^-700 adds nothing to 1
    const double share = detail::portable::exp(below);
    total += share;
    weighted += share * below;
  }
  // |-ln p - entropy| = |score - mean score|, since -ln p and the entropy contain the same normalising term.
  const double mean = highest + weighted / total;
  const auto distance = [=](const Candidate& candidate) { return std::abs(candidate.score - mean); };
  const auto farther = [=](const Candidate& a, const Candidate& b) {
    return distance(a) != distance(b) ? distance(a) > distance(b) : a.id > b.id;
  };
  std::size_t rest = candidates_.size();
  std::make_heap(candidates_.begin(), candidates_.end(), farther);
  do {
    std::pop_heap(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(rest--), farther);
    sum += detail::portable::exp(candidates_[rest].score - highest);
  } while (rest > 0 && sum < sampling_.typical_p * total);
  const double farthest = distance(candidates_[rest]);
  std::erase_if(candidates_, [&](const Candidate& candidate) { return distance(candidate) > farthest; });
}

MOE_INLINE TokenId Sampler::draw() {
  // The heaps above leave an order that depends on the standard library.
  const auto by_id = [](const Candidate& a, const Candidate& b) { return a.id < b.id; };
  if (!std::is_sorted(candidates_.begin(), candidates_.end(), by_id))
    std::sort(candidates_.begin(), candidates_.end(), by_id);
  const double highest = most_likely().score;
  double total = 0;
  for (Candidate& candidate : candidates_)
    total += candidate.score = detail::portable::exp(candidate.score - highest);
  double rest = random_.uniform() * total;
  for (const Candidate& candidate : candidates_) {
    rest -= candidate.score;
    if (rest < 0) return candidate.id;
  }
  return candidates_.back().id;  // only if rounding leaves a remainder
}

}  // namespace moe::inline MOE_ABI
