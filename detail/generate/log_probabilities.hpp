// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI {

/// A token and the natural logarithm of its probability.
struct TokenProbability {
  TokenId id;              // below the size of the vocabulary
  double log_probability;  // at most 0
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// ln Σ exp(logit), in double precision with the same bits on every machine.
/// ln softmax(logits)[i] = logits[i] - log_sum_exp(logits). logits: at least one, finite.
double log_sum_exp(std::span<const float> logits);

/// Replaces `out` by the `count` most likely tokens, or all if there are fewer: sorted from the most likely to the least
/// likely, and equally likely tokens by id. log_sum: log_sum_exp(logits). Allocates memory only if the capacity of `out` is too
/// small.
void set_most_likely(std::span<const float> logits, double log_sum, std::size_t count,
                     std::vector<TokenProbability>& out);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "log_probabilities.ipp"
#endif
