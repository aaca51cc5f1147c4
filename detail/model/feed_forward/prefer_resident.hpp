// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "../../core/portable_math.hpp"
#include "../../experts/expert.hpp"
#include "router.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI {

/// Counts of a PreferResident.
struct PreferenceStatistics {
  std::uint64_t choices = 0;   // calls: one for each token and each layer with experts
  std::uint64_t replaced = 0;  // chosen experts that the router alone would not have chosen
  // Summed over the choices: the weight of the experts that were replaced, as a share of the weight of all chosen experts.
  double replaced_weight = 0;

  /// The share of the expert weight that went to other experts. Computed as if the weights were a softmax of the scores.
  double replaced_share() const { return choices == 0 ? 0 : replaced_weight / static_cast<double>(choices); }
};

/// LOSSY, an option of a Transformer: raises the scores of the experts that are resident in a cache by a margin. A resident
/// expert thus replaces a missing one whose score is higher by less than the margin. The score is the router's logit or,
/// in routers with a sigmoid, a selection bias or groups, the score that decides the choice. `Cache` has contains(id), such as
/// CachingProvider. Thread-safe.
///
///   moe::PreferResident prefer(cache, 0.5f, spec.experts_per_token());
///   const moe::Transformer transformer(checkpoint, cache, pool, {.adjust_choice = prefer});
template <class Cache>
class PreferResident {
 public:
  /// cache: must outlive the object. margin: not negative; 0 changes nothing.
  PreferResident(const Cache& cache, float margin, std::size_t experts_per_token)
      : cache_(&cache),
        margin_(margin),
        before_(experts_per_token),
        after_(experts_per_token),
        weights_(experts_per_token) {}

  /// Raises the scores of resident experts. scores: [experts of the layer], the scores that decide the choice for one token.
  void operator()(std::size_t layer, std::span<float> scores) {
    const std::lock_guard lock(mutex_);
    const std::size_t k = std::min(before_.size(), scores.size());
    detail::top_k(scores, std::span(before_).first(k));
    double weight = 0, kept = 0;
    weights_.assign(k, 0);
    for (std::size_t i = 0; i < k; ++i) {
      weights_[i] = exponential(scores[before_[i]] - scores[before_[0]]);
      weight += weights_[i];
    }
    for (std::size_t expert = 0; expert < scores.size(); ++expert)
      if (cache_->contains({static_cast<std::uint32_t>(layer), static_cast<std::uint32_t>(expert)}))
        scores[expert] += margin_;
    detail::top_k(scores, std::span(after_).first(k));
    for (std::size_t i = 0; i < k; ++i) {
      if (std::find(after_.begin(), after_.end(), before_[i]) != after_.end()) {
        kept += weights_[i];
      } else {
        ++counts_.replaced;
      }
    }
    ++counts_.choices;
    counts_.replaced_weight += 1 - kept / weight;
  }

  /// Counts since the construction.
  PreferenceStatistics statistics() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  static double exponential(float x) { return detail::portable::exp(static_cast<double>(x)); }

  const Cache* cache_;
  float margin_;
  mutable std::mutex mutex_;  // guards all members below
  std::vector<std::uint32_t> before_, after_;
  std::vector<double> weights_;
  PreferenceStatistics counts_;
};

}  // namespace moe::inline MOE_ABI
