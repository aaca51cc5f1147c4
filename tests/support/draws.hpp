// SPDX-License-Identifier: MIT
#pragma once
#include "detail/core/token.hpp"
#include "detail/generate/sampler.hpp"

#include <cmath>
#include <initializer_list>
#include <map>
#include <set>
#include <vector>

/// Logits whose softmax has these probabilities.
inline std::vector<float> logits_of(std::initializer_list<double> probabilities) {
  std::vector<float> out;
  for (const double p : probabilities) out.push_back(static_cast<float>(std::log(p)));
  return out;
}

/// The share of each token in 40000 draws.
inline std::map<moe::TokenId, double> frequencies(const moe::Sampling& sampling,
                                                  const std::vector<float>& logits,
                                                  const moe::SamplerContext& context = {}) {
  constexpr int draws = 40000;
  moe::Sampler sampler(sampling);
  std::map<moe::TokenId, double> out;
  for (int i = 0; i < draws; ++i) out[sampler(logits, context)] += 1.0 / draws;
  return out;
}

/// The tokens that were drawn at least once in 40000 draws.
inline std::set<moe::TokenId> support(const moe::Sampling& sampling, const std::vector<float>& logits,
                                      const moe::SamplerContext& context = {}) {
  std::set<moe::TokenId> out;
  for (const auto& [id, frequency] : frequencies(sampling, logits, context)) out.insert(id);
  return out;
}
