#pragma once
#include "sampler.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../core/portable_math.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

inline constexpr double largest_logit = std::numeric_limits<float>::max();

// A quotient of a logit and a smaller temperature may overflow.
inline constexpr double smallest_temperature = largest_logit / std::numeric_limits<double>::max();

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE void Sampling::check() const {
  const auto require = [](bool condition, std::string_view member, std::string_view expected, double found) {
    if (!condition) detail::fail("sampling", member, expected, detail::concat(found));
  };
  require(temperature >= 0 && std::isfinite(temperature), "temperature", "a finite number from 0",
          temperature);
  require(top_p > 0 && top_p <= 1, "top_p", "a number above 0, at most 1", top_p);
  require(min_p >= 0 && min_p <= 1, "min_p", "a number from 0 to 1", min_p);
  require(repetition_penalty > 0 && std::isfinite(repetition_penalty), "repetition_penalty",
          "a finite number above 0", repetition_penalty);
}

MOE_INLINE Sampler::Sampler(const Sampling& sampling) : sampling_(sampling), random_(sampling.seed) {
  sampling_.check();
}

MOE_INLINE TokenId Sampler::operator()(std::span<const float> logits, std::span<const TokenId> context) {
  collect(logits);
  penalise(context);
  exclude_minus_infinity();
  if (sampling_.temperature < detail::smallest_temperature) return most_likely().id;
  for (Candidate& candidate : candidates_) candidate.score /= sampling_.temperature;
  keep_top_k();
  keep_top_p();
  keep_min_p();
  return draw();
}

MOE_INLINE bool Sampler::less_likely(const Candidate& a, const Candidate& b) {
  return a.score != b.score ? a.score < b.score : a.id < b.id;
}

MOE_INLINE void Sampler::collect(std::span<const float> logits) {
  detail::expect(!logits.empty(), "sampler", "logits", "at least one", "none");
  candidates_.clear();
  for (TokenId id = 0; id < logits.size(); ++id) {
    const float logit = logits[id];
    if (!(logit <= std::numeric_limits<float>::max()))
      detail::fail("sampler", detail::concat("logit of token ", id), "a finite number or -inf",
                   std::isnan(logit) ? "not a number" : "+inf");
    candidates_.push_back({id, double{logit}});
  }
}

MOE_INLINE void Sampler::penalise(std::span<const TokenId> context) {
  if (sampling_.repetition_penalty == 1) return;
  seen_.assign(candidates_.size(), 0);
  for (const TokenId id : context) {
    if (id >= candidates_.size() || seen_[id]) continue;
    seen_[id] = 1;
    double& score = candidates_[id].score;
    if (std::isinf(score)) continue;  // excluded
    score = score < 0 ? score * sampling_.repetition_penalty : score / sampling_.repetition_penalty;
    score = std::clamp(score, -detail::largest_logit, detail::largest_logit);
  }
}

MOE_INLINE void Sampler::exclude_minus_infinity() {
  candidates_.erase(std::remove_if(candidates_.begin(), candidates_.end(),
                                   [](const Candidate& candidate) { return std::isinf(candidate.score); }),
                    candidates_.end());
  detail::expect(!candidates_.empty(), "sampler", "logits", "one that is not -inf", "none");
}

MOE_INLINE const Sampler::Candidate& Sampler::most_likely() const {
  return *std::max_element(candidates_.begin(), candidates_.end(),
                           [](const Candidate& a, const Candidate& b) { return a.score < b.score; });
}

MOE_INLINE void Sampler::keep_top_k() {
  if (sampling_.top_k == 0 || sampling_.top_k >= candidates_.size()) return;
  std::size_t rest = candidates_.size();  // candidates from here on are the most likely ones
  std::make_heap(candidates_.begin(), candidates_.end(), less_likely);
  for (std::size_t i = 0; i < sampling_.top_k; ++i) pop_most_likely(rest--);
  const double least = candidates_[rest].score;
  std::erase_if(candidates_, [&](const Candidate& candidate) { return candidate.score < least; });
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

MOE_INLINE TokenId Sampler::draw() {
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
