#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "session.hpp"

#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// Gives the piece of token `id` its log-probability, and those of the `most_likely` tokens in its place. logits: [vocabulary],
/// of the position before.
void set_log_probabilities(Piece& piece, TokenId id, std::span<const float> logits, std::size_t most_likely);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "session_score.ipp"
#endif
