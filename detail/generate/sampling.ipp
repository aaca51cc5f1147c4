// SPDX-License-Identifier: MIT
#pragma once
#include "sampling.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <cmath>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI {

MOE_INLINE void Sampling::check() const {
  const auto require = [](bool condition, std::string_view member, std::string_view expected, double found) {
    if (!condition) detail::fail("sampling", member, expected, detail::concat(found));
  };
  require(temperature >= 0 && std::isfinite(temperature), "temperature", "a finite number, at least 0",
          temperature);
  require(top_p > 0 && top_p <= 1, "top_p", "a number above 0, at most 1", top_p);
  require(min_p >= 0 && min_p <= 1, "min_p", "a number from 0 to 1", min_p);
  require(typical_p > 0 && typical_p <= 1, "typical_p", "a number above 0, at most 1", typical_p);
  require(repetition_penalty > 0 && std::isfinite(repetition_penalty), "repetition_penalty",
          "a finite number above 0", repetition_penalty);
  require(std::isfinite(presence_penalty), "presence_penalty", "a finite number", presence_penalty);
  require(std::isfinite(frequency_penalty), "frequency_penalty", "a finite number", frequency_penalty);
  for (const LogitBias& entry : logit_bias)
    require(std::isfinite(entry.bias), "logit_bias", "finite numbers", entry.bias);
  for (const std::vector<TokenId>& sequence : banned_sequences)
    detail::expect(!sequence.empty(), "sampling", "banned_sequences", "sequences of at least one token",
                   "an empty sequence");
}

}  // namespace moe::inline MOE_ABI
