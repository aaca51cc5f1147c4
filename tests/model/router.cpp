#include "detail/experts/expert.hpp"
#include "detail/model/router.hpp"
#include "support/random_numbers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

TEST_CASE("router: top_k equals the first k of a stable sort, for any number of experts and any k") {
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
      moe::detail::top_k(scores, chosen);
      REQUIRE(chosen == order);
    }
}

TEST_CASE("router: weights are the softmax over all experts, or over the chosen experts if normalised") {
  const std::vector<float> logits = random_numbers(130, 4, 2);
  double total = 0;
  for (const float logit : logits) total += std::exp(double{logit});
  for (const bool normalise : {false, true}) {
    std::vector<float> scratch = logits, weights(9);
    std::vector<std::uint32_t> chosen(9);
    moe::detail::route(moe::detail::simd::kernels(), scratch, normalise, chosen, weights);
    double sum = 0;
    for (const std::uint32_t expert : chosen) sum += std::exp(double{logits[expert]}) / total;
    for (std::size_t rank = 0; rank < 9; ++rank)
      CHECK(weights[rank] ==
            doctest::Approx(std::exp(double{logits[chosen[rank]]}) / total / (normalise ? sum : 1))
                .epsilon(1e-5));
    if (normalise) CHECK(std::accumulate(weights.begin(), weights.end(), 0.0f) == doctest::Approx(1));
  }
}

TEST_CASE(
    "router: a restricted router chooses as if all other logits were -inf, and returns the allowed mass") {
  const std::vector<float> logits = random_numbers(130, 5, 2);
  for (const std::size_t count : {9u, 10u, 64u, 129u, 130u})
    for (const bool normalise : {false, true}) {
      std::vector<moe::ExpertId> allowed;  // spread over all experts
      for (std::size_t i = 0; i < count; ++i)
        allowed.push_back({3, static_cast<std::uint32_t>(i * 130 / count)});
      std::vector<float> masked(130, -std::numeric_limits<float>::infinity());
      double total = 0, total_of_all = 0;
      for (const float logit : logits) total_of_all += std::exp(double{logit});
      for (const moe::ExpertId id : allowed) {
        masked[id.expert] = logits[id.expert];
        total += std::exp(double{logits[id.expert]});
      }
      std::vector<std::uint32_t> expected(9), chosen(9);
      moe::detail::top_k(masked, expected);
      double sum = 0;
      for (const std::uint32_t expert : expected) sum += std::exp(double{logits[expert]}) / total;

      std::vector<float> scratch = logits, weights(9);
      const float mass = moe::detail::route_among(allowed, moe::detail::simd::kernels(), scratch, normalise,
                                                  chosen, weights);
      CHECK(chosen == expected);
      CHECK(mass == doctest::Approx(total / total_of_all).epsilon(1e-5));
      for (std::size_t rank = 0; rank < 9; ++rank)
        CHECK(weights[rank] ==
              doctest::Approx(std::exp(double{logits[chosen[rank]]}) / total / (normalise ? sum : 1))
                  .epsilon(1e-5));
      scratch = logits;
      moe::detail::top_k_among(allowed, scratch, chosen);
      CHECK(chosen == expected);
    }
}

TEST_CASE("router: a restriction to all experts changes no bit") {
  std::vector<moe::ExpertId> all;
  for (std::uint32_t expert = 0; expert < 130; ++expert) all.push_back({0, expert});
  std::vector<float> free = random_numbers(130, 6, 2), among = free, free_weights(9), among_weights(9);
  std::vector<std::uint32_t> free_chosen(9), among_chosen(9);
  moe::detail::route(moe::detail::simd::kernels(), free, true, free_chosen, free_weights);
  CHECK(moe::detail::route_among(all, moe::detail::simd::kernels(), among, true, among_chosen,
                                 among_weights) == 1);
  CHECK(among_chosen == free_chosen);
  CHECK(among_weights == free_weights);
}

TEST_CASE("router: allowed experts with tiny probabilities still have weights that sum to 1") {
  const std::vector<moe::ExpertId> allowed{{0, 1}, {0, 3}};
  std::vector<float> logits{500, -500, 400, -500}, weights(2);
  std::vector<std::uint32_t> chosen(2);
  CHECK(moe::detail::route_among(allowed, moe::detail::simd::kernels(), logits, true, chosen, weights) <
        1e-30f);
  CHECK(chosen == std::vector<std::uint32_t>{1, 3});
  CHECK(weights == std::vector<float>{0.5f, 0.5f});
}

TEST_CASE("router: a restricted router chooses allowed experts only, also if their logits are NaN or -inf") {
  const std::vector<moe::ExpertId> allowed{{0, 2}, {0, 5}, {0, 6}};
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    std::vector<float> logits{1, 2, bad, 4, 5, bad, bad, 3}, weights(2);
    std::vector<std::uint32_t> chosen(2);
    moe::detail::route_among(allowed, moe::detail::simd::kernels(), logits, false, chosen, weights);
    for (const std::uint32_t expert : chosen) CHECK((expert == 2 || expert == 5 || expert == 6));
  }
}

TEST_CASE("router: scores of NaN choose valid experts") {
  std::vector<float> scores(16, std::numeric_limits<float>::quiet_NaN());
  std::vector<std::uint32_t> chosen(4);
  moe::detail::top_k(scores, chosen);
  for (const std::uint32_t expert : chosen) CHECK(expert < 16);
}
