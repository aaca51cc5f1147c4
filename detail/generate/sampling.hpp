// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI {

/// A number that is added to the logit of a token.
struct LogitBias {
  TokenId id;   // below the size of the vocabulary
  double bias;  // finite
};

/// How the next token is drawn. The steps come in the order of Hugging Face's generate(), with the penalties of OpenAI's API at
/// the place that vLLM gives them:
///   logit bias, repetition penalty, frequency and presence penalty, repeated n-grams, banned tokens and sequences;
///   then, unless the temperature is 0: temperature, top-k, top-p, min-p, typical-p, one draw.
/// The steps of the first line change logits or set them to -inf, which excludes a token; a logit of -inf stays -inf. Token ids
/// outside of the vocabulary are an error when a token is drawn.
struct Sampling {
  // Divides the logits. At 0, and below 2e-270, where quotients may overflow, the most likely token is taken, and top-k to
  // typical-p have no effect.
  double temperature = 0;
  std::size_t top_k = 0;  // keeps the k most likely tokens and all tokens equal to the k-th; 0: all tokens
  double top_p = 1;       // keeps the fewest most likely tokens whose probabilities sum to at least p
  double min_p = 0;       // keeps tokens with at least p times the probability of the most likely one
  // Locally typical sampling (Meister et al. 2022): sorts tokens by the distance of -ln(probability) from the entropy, and
  // keeps the fewest first tokens whose probabilities sum to at least p, with all tokens at the distance of the last one. 1:
  // all tokens.
  double typical_p = 1;
  double repetition_penalty = 1;  // above 1: tokens of the context, prompt included, become less likely
  // The presence penalty is subtracted once from the logit of each token that was generated, the frequency penalty once for
  // each time. Tokens of the prompt do not count. Negative penalties make repetitions more likely. Source: OpenAI's API
  // reference; vLLM for which tokens count.
  double presence_penalty = 0;
  double frequency_penalty = 0;  // for each time; see presence_penalty
  // No sequence of this number of tokens occurs twice in prompt and text, except where the prompt already has it twice. 0: off.
  std::size_t no_repeat_ngram_size = 0;
  std::vector<LogitBias> logit_bias = {};   // a token that is listed several times gets the sum
  std::vector<TokenId> banned_tokens = {};  // tokens that are never drawn
  // The last token of a sequence is not drawn after the other tokens of the sequence, also if these are in the prompt.
  std::vector<std::vector<TokenId>> banned_sequences = {};
  std::uint64_t seed = 0;  // with equal options and logits, equal seeds draw equal tokens

  /// Throws an Error that names the member if a number is NaN, infinite or out of its range, or if a banned sequence is empty.
  void check() const;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "sampling.ipp"
#endif
