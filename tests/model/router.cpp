#include "detail/model/router.hpp"
#include "support/random_numbers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

TEST_CASE("router: top_k is the start of a stable sort, for any number of experts and any k") {
  for (const std::size_t experts : {1u, 2u, 16u, 130u, 1000u})
    for (const std::size_t k : {1u, 2u, 9u, 130u}) {
      if (k > experts) continue;
      std::vector<float> scores = random_numbers(experts, static_cast<std::uint32_t>(experts + k));
      for (float& score : scores) score = std::round(score * 4);  // many are equal
      std::vector<std::uint32_t> order(experts), chosen(k);
      std::iota(order.begin(), order.end(), 0u);
      std::stable_sort(order.begin(), order.end(),
                       [&](std::uint32_t a, std::uint32_t b) { return scores[a] > scores[b]; });
      order.resize(k);
      moe::top_k(scores, chosen);
      REQUIRE(chosen == order);
    }
}

TEST_CASE("router: weights are the softmax over all experts, or over the chosen ones if normalised") {
  const std::vector<float> logits = random_numbers(130, 4, 2);
  double total = 0;
  for (const float logit : logits) total += std::exp(double{logit});
  for (const bool normalise : {false, true}) {
    std::vector<float> scratch = logits, weights(9);
    std::vector<std::uint32_t> chosen(9);
    moe::route(moe::simd::kernels(), scratch, normalise, chosen, weights);
    double sum = 0;
    for (const std::uint32_t expert : chosen) sum += std::exp(double{logits[expert]}) / total;
    for (std::size_t rank = 0; rank < 9; ++rank)
      CHECK(weights[rank] ==
            doctest::Approx(std::exp(double{logits[chosen[rank]]}) / total / (normalise ? sum : 1))
                .epsilon(1e-5));
    if (normalise) CHECK(std::accumulate(weights.begin(), weights.end(), 0.0f) == doctest::Approx(1));
  }
}

TEST_CASE("router: scores that are no numbers choose something, and crash nothing") {
  std::vector<float> scores(16, std::numeric_limits<float>::quiet_NaN());
  std::vector<std::uint32_t> chosen(4);
  moe::top_k(scores, chosen);
  for (const std::uint32_t expert : chosen) CHECK(expert < 16);
}
