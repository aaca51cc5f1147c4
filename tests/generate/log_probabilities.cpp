// SPDX-License-Identifier: MIT
#include "detail/core/token.hpp"
#include "detail/generate/log_probabilities.hpp"
#include "support/draws.hpp"
#include "support/random_numbers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

using moe::TokenProbability;
using moe::detail::log_sum_exp;

namespace {

std::vector<TokenProbability> most_likely_of(const std::vector<float>& logits, std::size_t count) {
  std::vector<TokenProbability> out{{7, 7}};
  moe::detail::set_most_likely(logits, log_sum_exp(logits), count, out);
  return out;
}

}  // namespace

TEST_CASE("log-probabilities: log_sum_exp() is right for logits of every size") {
  CHECK(log_sum_exp(logits_of({0.5, 0.25, 0.25})) == doctest::Approx(0).epsilon(1e-7));
  CHECK(log_sum_exp(std::vector<float>{3}) == 3);
  CHECK(log_sum_exp(std::vector<float>(1000, -2)) == doctest::Approx(-2 + std::log(1000)).epsilon(1e-14));
  CHECK(log_sum_exp(std::vector<float>{1000, 1000}) == doctest::Approx(1000 + std::log(2)).epsilon(1e-14));
  CHECK(log_sum_exp(std::vector<float>{3e38f, -3e38f}) == double{3e38f});
}

TEST_CASE("log-probabilities: the logarithm of the sum has these bits on every machine") {
  std::vector<float> logits;
  for (unsigned i = 0; i < 64; ++i) logits.push_back(static_cast<float>(i * 37 % 64) / 16);
  CHECK(log_sum_exp(logits) == 0x1.ae408fbd72fc2p+2);
}

TEST_CASE("log-probabilities: the probabilities of a large vocabulary sum to 1 in double precision") {
  const std::vector<float> logits = random_numbers(150000, 5, 4);
  const double log_sum = log_sum_exp(logits);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - log_sum);
  CHECK(sum == doctest::Approx(1).epsilon(1e-12));
}

TEST_CASE("log-probabilities: the most likely tokens come in falling order, and equal ones by their id") {
  const std::vector<float> logits{1, 5, 3, 5, -2, 3};
  const auto ids = [&](std::size_t count) {
    std::vector<moe::TokenId> out;
    for (const TokenProbability& token : most_likely_of(logits, count)) out.push_back(token.id);
    return out;
  };
  CHECK(ids(0).empty());
  CHECK(ids(1) == std::vector<moe::TokenId>{1});
  CHECK(ids(3) == std::vector<moe::TokenId>{1, 3, 2});
  CHECK(ids(6) == std::vector<moe::TokenId>{1, 3, 2, 5, 0, 4});
  CHECK(ids(100) == ids(6));
  CHECK(most_likely_of(logits, 2)[1].log_probability == 5 - log_sum_exp(logits));
}

TEST_CASE("log-probabilities: the most likely of many tokens equal the first tokens of a sorted list") {
  const std::vector<float> logits = random_numbers(2000, 6);
  std::vector<float> sorted = logits;
  std::sort(sorted.rbegin(), sorted.rend());
  const std::vector<TokenProbability> found = most_likely_of(logits, 50);
  REQUIRE(found.size() == 50);
  for (std::size_t i = 0; i < 50; ++i) CHECK(logits[found[i].id] == sorted[i]);
}
