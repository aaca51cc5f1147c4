// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "sampling.hpp"
#include "text_history.hpp"

#include <limits>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

inline constexpr double largest_logit = std::numeric_limits<float>::max();

// The steps of sampling before the temperature. scores: [vocabulary], finite or -inf. A finite score stays within the range
// of f32 unless its token is banned, and a score of -inf stays -inf. Each step takes time linear in its arguments.

// add_bias(), ban_tokens() and ban_sequences() throw if an id is not below the size of the vocabulary.

/// For each bias: score + bias.
void add_bias(std::span<double> scores, std::span<const LogitBias> biases);

/// Once for each distinct token of the text: score · penalty if the score is negative, otherwise score / penalty.
void penalise_repetitions(std::span<double> scores, const TextHistory& history, double penalty);

/// For each token with `count` occurrences after the prompt: score - (count > 0) · presence - count · frequency.
void penalise_generated(std::span<double> scores, const TextHistory& history, double presence,
                        double frequency);

/// Bans tokens: sets their scores to -inf.
void ban_tokens(std::span<double> scores, std::span<const TokenId> ids);

/// Bans the last token of each sequence whose other tokens are the end of the text. sequences: none is empty.
void ban_sequences(std::span<double> scores, std::span<const TokenId> text,
                   std::span<const std::vector<TokenId>> sequences);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "logits_processors.ipp"
#endif
