// SPDX-License-Identifier: MIT
#pragma once
#include <moe.hpp>

#include <algorithm>
#include <cmath>
#include <span>

/// −ln of the probability of the token `next`.
inline double surprise(std::span<const float> logits, moe::TokenId next) {
  const auto largest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  return std::log(sum) + largest - static_cast<double>(logits[next]);
}
