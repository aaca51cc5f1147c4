// SPDX-License-Identifier: MIT
#include "detail/core/token.hpp"
#include "detail/generate/sampler.hpp"
#include "support/draws.hpp"
#include "support/random_numbers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <vector>

using moe::Sampling;
using moe::TokenId;

namespace {

/// The tokens that typical-p keeps, straight from the definition.
std::set<TokenId> reference_typical(const std::vector<float>& logits, double p) {
  double total = 0, entropy = 0, sum = 0;
  for (const float logit : logits) total += std::exp(double{logit});
  std::vector<double> probability, distance;
  for (const float logit : logits) probability.push_back(std::exp(double{logit}) / total);
  for (const double q : probability) entropy -= q * std::log(q);
  for (const double q : probability) distance.push_back(std::abs(-std::log(q) - entropy));
  std::vector<TokenId> order;
  for (TokenId id = 0; id < logits.size(); ++id) order.push_back(id);
  std::stable_sort(order.begin(), order.end(),
                   [&](TokenId a, TokenId b) { return distance[a] < distance[b]; });
  std::set<TokenId> kept;
  for (const TokenId id : order) {
    kept.insert(id);
    sum += probability[id];
    if (sum >= p) break;
  }
  return kept;
}

}  // namespace

TEST_CASE("typical_p: keeps the tokens whose information is nearest to the entropy, up to probability p") {
  // -ln p: 0.69, 1.39, 1.90, 2.30; the entropy is 1.21, so the distances are 0.52, 0.17, 0.69, 1.09.
  const std::vector<float> logits = logits_of({0.5, 0.25, 0.15, 0.1});
  const auto kept = [&](double p) { return support({.temperature = 1, .typical_p = p}, logits); };
  CHECK(kept(1e-6) == std::set<TokenId>{1});
  CHECK(kept(0.24) == std::set<TokenId>{1});  // not the most likely token
  CHECK(kept(0.26) == std::set<TokenId>{0, 1});
  CHECK(kept(0.74) == std::set<TokenId>{0, 1});
  CHECK(kept(0.76) == std::set<TokenId>{0, 1, 2});
  CHECK(kept(0.89) == std::set<TokenId>{0, 1, 2});
  CHECK(kept(0.91) == std::set<TokenId>{0, 1, 2, 3});
  CHECK(kept(1) == std::set<TokenId>{0, 1, 2, 3});
}

TEST_CASE("typical_p: the kept tokens keep the proportions of their probabilities") {
  const auto found = frequencies({.temperature = 1, .typical_p = 0.7}, logits_of({0.5, 0.25, 0.15, 0.1}));
  CHECK(found.at(0) == doctest::Approx(2.0 / 3).epsilon(0.03));
  CHECK(found.at(1) == doctest::Approx(1.0 / 3).epsilon(0.03));
}

TEST_CASE("typical_p: tokens as near to the entropy as the last kept token are kept, too") {
  CHECK(support({.temperature = 1, .typical_p = 0.3}, {1, 1, 1, 1}).size() == 4);
  const std::vector<float> two_pairs{2, 2, -3, -3};
  CHECK(support({.temperature = 1, .typical_p = 0.1}, two_pairs) == std::set<TokenId>{0, 1});
}

TEST_CASE("typical_p: keeps what a naive reference keeps") {
  for (std::uint32_t seed = 0; seed < 12; ++seed) {
    CAPTURE(seed);
    const std::vector<float> logits = random_numbers(8, seed, 0.8f);
    for (const double p : {0.15, 0.5, 0.8})
      CHECK(support({.temperature = 1, .typical_p = p}, logits) == reference_typical(logits, p));
  }
}

TEST_CASE("typical_p: is applied after the temperature, and to the tokens that min_p keeps") {
  const std::vector<float> logits = logits_of({0.5, 0.25, 0.15, 0.1});
  // Temperature 0.1 leaves nearly all probability to token 0, whose information is then nearest to the entropy.
  CHECK(support({.temperature = 0.1, .typical_p = 0.5}, logits) == std::set<TokenId>{0});
  // Of {2/3, 1/3}, the information is 0.41 and 1.10, the entropy 0.64: now token 0 is the nearest.
  CHECK(support({.temperature = 1, .min_p = 0.4, .typical_p = 0.2}, logits) == std::set<TokenId>{0});
  CHECK(support({.temperature = 1, .top_k = 2, .typical_p = 0.2}, logits) == std::set<TokenId>{0});
}

TEST_CASE("typical_p: scores of any size leave at least one token") {
  for (const double temperature : {1e-260, 1e-30, 1.0, 1e300}) {
    CAPTURE(temperature);
    CHECK_FALSE(support({.temperature = temperature, .typical_p = 0.5}, {-3e38f, 0, 3e38f}).empty());
  }
  CHECK(support({.temperature = 1e-260, .typical_p = 0.5}, {-3e38f, 0, 3e38f}) == std::set<TokenId>{2});
}

TEST_CASE("typical_p: has no effect at temperature 0") {
  CHECK(support({.typical_p = 0.2}, logits_of({0.5, 0.25, 0.15, 0.1})) == std::set<TokenId>{0});
}
