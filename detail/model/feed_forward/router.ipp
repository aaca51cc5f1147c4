// SPDX-License-Identifier: MIT
#pragma once
#include "router.hpp"
#include "../../core/portable_math.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>

namespace moe::inline MOE_ABI::detail {

inline constexpr float never = -std::numeric_limits<float>::infinity();

MOE_INLINE void top_k(std::span<const float> scores, std::span<std::uint32_t> chosen) {
  std::size_t count = 0;
  for (std::uint32_t i = 0; i < scores.size(); ++i) {
    if (count == chosen.size() && !(scores[i] > scores[chosen[count - 1]])) continue;
    std::size_t place = count < chosen.size() ? count++ : count - 1;
    for (; place > 0 && scores[i] > scores[chosen[place - 1]]; --place) chosen[place] = chosen[place - 1];
    chosen[place] = i;
  }
}

inline float largest_of(std::span<const float> numbers) {
  return *std::max_element(numbers.begin(), numbers.end());
}

/// The experts that can be chosen: all, or the allowed ones, whose logits stand at the front.
class Candidates {
 public:
  Candidates(std::span<const ExpertId> allowed, std::size_t experts)
      : allowed_(allowed), size_(allowed.empty() ? experts : allowed.size()) {}

  std::size_t size() const { return size_; }
  std::uint32_t expert(std::size_t i) const {
    return allowed_.empty() ? static_cast<std::uint32_t>(i) : allowed_[i].expert;
  }

  /// Moves the logits of the candidates to the front, in their order.
  void move_to_front(std::span<float> logits) const {
    // allowed_ is in ascending order, so allowed_[i].expert >= i, and a swap never moves the logit of a later allowed expert.
    for (std::size_t i = 0; i < allowed_.size(); ++i) std::swap(logits[i], logits[allowed_[i].expert]);
  }

 private:
  std::span<const ExpertId> allowed_;
  std::size_t size_;
};

/// Sets the scores of candidates outside of the best groups to −inf. The score of a group is its largest
/// score, or the sum of its two largest scores.
inline void keep_best_groups(const RouterSpec& spec, const Candidates& candidates, std::span<float> scores) {
  constexpr std::size_t most_groups = RouterSpec::most_groups;
  const std::size_t size = spec.experts / spec.groups;
  MOE_ASSERT(spec.groups <= most_groups && spec.groups_kept <= spec.groups);
  float largest[most_groups], second[most_groups];
  std::fill_n(largest, spec.groups, never);
  std::fill_n(second, spec.groups, never);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const std::size_t group = candidates.expert(i) / size;
    second[group] = std::max(second[group], std::min(largest[group], scores[i]));
    largest[group] = std::max(largest[group], scores[i]);
  }
  // A group with a single candidate has the score of this candidate.
  for (std::size_t group = 0; group < spec.groups && spec.group_score_is_sum; ++group)
    if (second[group] != never) largest[group] += second[group];
  std::uint32_t kept[most_groups];
  top_k({largest, spec.groups}, {kept, spec.groups_kept});
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (std::find(kept, kept + spec.groups_kept, candidates.expert(i) / size) == kept + spec.groups_kept)
      scores[i] = never;
}

/// Chooses the experts of a sparsemixer: the largest logit, with its weight in a softmax over the logits near the largest one;
/// then the same without the first expert. Source: PhimoeSparseMoeBlock in transformers.
inline void mix_sparsely(const RouterSpec& spec, std::span<const float> logits, std::span<float> left,
                         const Choice& out) {
  std::copy(logits.begin(), logits.end(), left.begin());
  for (std::size_t rank = 0; rank < out.experts.size(); ++rank) {
    top_k(left, out.experts.subspan(rank, 1));
    const float largest = left[out.experts[rank]];
    double sum = 0;
    for (std::size_t i = 0; i < left.size(); ++i) {
      // 0/0, of logits 0, counts as near.
      const bool is_far = (largest - logits[i]) / std::max(std::abs(logits[i]), largest) > 2 * spec.jitter;
      if (left[i] != never && !is_far) sum += portable::exp(static_cast<double>(left[i] - largest));
    }
    out.weights[rank] = static_cast<float>(1 / sum);
    left[out.experts[rank]] = never;
  }
}

/// Replaces logits by scores. The weight of an expert is its score, divided by the returned number.
inline float score(const RouterSpec& spec, const simd::Kernels& kernels, std::span<float> logits) {
  if (spec.score == RouterSpec::Score::softmax)
    return kernels.exponentiate(logits.data(), largest_of(logits), logits.size());
  if (spec.score == RouterSpec::Score::sigmoid)
    for (float& logit : logits)
      logit = static_cast<float>(1 / (1 + portable::exp(-static_cast<double>(logit))));
  return 1;
}

/// Chooses by score. choice_scores: as many as scores, overwritten.
inline void choose_by_score(const RouterSpec& spec, const RouterWeights& w, const simd::Kernels& kernels,
                            const Candidates& candidates, std::span<float> logits,
                            std::span<float> choice_scores, const Choice& out, AdjustScores adjust) {
  // The softmax is monotonic, so logits give the same order; and rounding in the softmax could make two scores equal.
  std::copy(logits.begin(), logits.end(), choice_scores.begin());
  const float total = score(spec, kernels, logits);
  if (spec.score == RouterSpec::Score::sigmoid || spec.selection_bias || spec.groups > 1)
    std::copy(logits.begin(), logits.end(), choice_scores.begin());
  if (spec.selection_bias)
    for (std::size_t i = 0; i < choice_scores.size(); ++i)
      choice_scores[i] = choice_scores[i] / total + w.selection_bias[candidates.expert(i)];
  if (spec.groups > 1) keep_best_groups(spec, candidates, choice_scores);
  if (adjust) adjust(choice_scores);
  top_k(choice_scores, out.experts);
  for (std::size_t rank = 0; rank < out.experts.size(); ++rank)
    out.weights[rank] = logits[out.experts[rank]] / total;
  if (spec.score != RouterSpec::Score::softmax_of_chosen) return;
  const float sum = kernels.exponentiate(out.weights.data(), largest_of(out.weights), out.weights.size());
  for (float& weight : out.weights) weight /= sum;
}

/// Replaces indices of candidates by numbers of experts, and finishes the weights.
inline void finish_choice(const RouterSpec& spec, const RouterWeights& w, const Candidates& candidates,
                          const Choice& out) {
  float sum = 0;
  for (const float weight : out.weights) sum += weight;
  for (std::size_t rank = 0; rank < out.experts.size(); ++rank) {
    out.experts[rank] = candidates.expert(out.experts[rank]);
    if (spec.normalise) out.weights[rank] /= sum + spec.normalise_epsilon;
    out.weights[rank] *= spec.scale;
    if (spec.per_expert_scale) out.weights[rank] *= w.expert_scale[out.experts[rank]];
  }
}

/// The share of the candidates, at the front of the logits, in a softmax over all logits. spare: overwritten.
inline float mass_of(const simd::Kernels& kernels, std::size_t candidates, std::span<const float> logits,
                     std::span<float> spare) {
  if (candidates == logits.size()) return 1;
  std::copy(logits.begin(), logits.end(), spare.begin());
  const std::span<float> front = spare.first(candidates), others = spare.subspan(candidates);
  const float largest = largest_of(front), largest_other = largest_of(others);
  const float total = kernels.exponentiate(front.data(), largest, front.size());
  const float total_of_others = kernels.exponentiate(others.data(), largest_other, others.size());
  const double ratio = portable::exp(static_cast<double>(largest_other) - static_cast<double>(largest));
  return static_cast<float>(1 / (1 + ratio * static_cast<double>(total_of_others / total)));
}

MOE_INLINE float choose(const RouterSpec& spec, const RouterWeights& w, const simd::Kernels& kernels,
                        std::span<const ExpertId> allowed, std::span<float> logits,
                        std::span<float> choice_scores, const Choice& out, AdjustScores adjust) {
  if (spec.bias) kernels.add_scaled(logits.data(), w.bias.data(), 1, logits.size());
  const Candidates candidates(allowed, logits.size());
  candidates.move_to_front(logits);
  const float mass = mass_of(kernels, candidates.size(), logits, choice_scores);
  const std::span<float> own = logits.first(candidates.size());
  const std::span<float> spare = choice_scores.first(candidates.size());
  if (spec.score == RouterSpec::Score::sparsemixer) {
    mix_sparsely(spec, own, spare, out);
  } else {
    choose_by_score(spec, w, kernels, candidates, own, spare, out, adjust);
  }
  finish_choice(spec, w, candidates, out);
  return mass;
}

}  // namespace moe::inline MOE_ABI::detail
