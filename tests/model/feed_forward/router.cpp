// SPDX-License-Identifier: MIT
#include "detail/experts/expert.hpp"
#include "detail/model/feed_forward/router.hpp"
#include "support/random_numbers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

namespace {

/// choose() with the router of Qwen3-MoE. Returns the allowed mass.
float route(std::vector<float> logits, bool normalise, std::vector<std::uint32_t>& chosen,
            std::vector<float>& weights, std::span<const moe::ExpertId> allowed = {}) {
  const moe::RouterSpec spec{.experts = logits.size(), .per_token = chosen.size(), .normalise = normalise};
  std::vector<float> scores(logits.size());
  return moe::detail::choose(spec, {}, moe::detail::simd::kernels(), allowed, logits, scores,
                             {chosen, weights});
}

}  // namespace

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

TEST_CASE("router: a selection bias is added to the probabilities of a softmax") {
  const auto first = [](std::vector<float> logits, const std::vector<float>& bias) {
    const moe::RouterSpec spec{.experts = logits.size(), .per_token = 1, .selection_bias = true};
    const moe::detail::RouterWeights w{.selection_bias = bias};
    std::vector<float> scores(logits.size()), weights(1);
    std::vector<std::uint32_t> chosen(1);
    moe::detail::choose(spec, w, moe::detail::simd::kernels(), {}, logits, scores, {chosen, weights});
    return chosen[0];
  };
  const float ln4 = 1.386294361f;  // probabilities 4/7, 1/7, 1/7, 1/7
  CHECK(first({ln4, 0, 0, 0}, {0, 0.5f, 0, 0}) == 1);
  CHECK(first({ln4, 0, 0, 0}, {0, 0.4f, 0, 0}) == 0);
  CHECK(first({0, 0, 0, 0}, {0, 0, 0, 0.1f}) == 3);
}

TEST_CASE("router: weights are the softmax over all experts, or over the chosen experts if normalised") {
  const std::vector<float> logits = random_numbers(130, 4, 2);
  double total = 0;
  for (const float logit : logits) total += std::exp(double{logit});
  for (const bool normalise : {false, true}) {
    std::vector<float> weights(9);
    std::vector<std::uint32_t> chosen(9);
    route(logits, normalise, chosen, weights);
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

      std::vector<float> weights(9);
      const float mass = route(logits, normalise, chosen, weights, allowed);
      CHECK(chosen == expected);
      CHECK(mass == doctest::Approx(total / total_of_all).epsilon(1e-5));
      for (std::size_t rank = 0; rank < 9; ++rank)
        CHECK(weights[rank] ==
              doctest::Approx(std::exp(double{logits[chosen[rank]]}) / total / (normalise ? sum : 1))
                  .epsilon(1e-5));
    }
}

TEST_CASE("router: a restriction to all experts changes no bit") {
  std::vector<moe::ExpertId> all;
  for (std::uint32_t expert = 0; expert < 130; ++expert) all.push_back({0, expert});
  const std::vector<float> logits = random_numbers(130, 6, 2);
  std::vector<float> free_weights(9), among_weights(9);
  std::vector<std::uint32_t> free_chosen(9), among_chosen(9);
  CHECK(route(logits, true, free_chosen, free_weights) == 1);
  CHECK(route(logits, true, among_chosen, among_weights, all) == 1);
  CHECK(among_chosen == free_chosen);
  CHECK(among_weights == free_weights);
}

TEST_CASE("router: allowed experts with tiny probabilities still have weights that sum to 1") {
  const std::vector<moe::ExpertId> allowed{{0, 1}, {0, 3}};
  std::vector<float> weights(2);
  std::vector<std::uint32_t> chosen(2);
  CHECK(route({500, -500, 400, -500}, true, chosen, weights, allowed) < 1e-30f);
  CHECK(chosen == std::vector<std::uint32_t>{1, 3});
  CHECK(weights == std::vector<float>{0.5f, 0.5f});
}

TEST_CASE("router: a restricted router chooses allowed experts only, also if their logits are NaN or -inf") {
  const std::vector<moe::ExpertId> allowed{{0, 2}, {0, 5}, {0, 6}};
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    std::vector<float> weights(2);
    std::vector<std::uint32_t> chosen(2);
    route({1, 2, bad, 4, 5, bad, bad, 3}, false, chosen, weights, allowed);
    for (const std::uint32_t expert : chosen) CHECK((expert == 2 || expert == 5 || expert == 6));
  }
}

TEST_CASE("router: scores of NaN choose valid experts") {
  std::vector<float> scores(16, std::numeric_limits<float>::quiet_NaN());
  std::vector<std::uint32_t> chosen(4);
  moe::detail::top_k(scores, chosen);
  for (const std::uint32_t expert : chosen) CHECK(expert < 16);
}

TEST_CASE("router: with softmax_of_chosen, weights are a softmax over the chosen logits, bias included") {
  const moe::RouterSpec spec{
      .experts = 4, .per_token = 2, .score = moe::RouterSpec::Score::softmax_of_chosen, .bias = true};
  const moe::detail::RouterWeights w{.bias = {0, 0, 5, 0}};
  std::vector<float> logits{1, 3, -1, 2}, scores(4), weights(2);
  std::vector<std::uint32_t> chosen(2);
  moe::detail::choose(spec, w, moe::detail::simd::kernels(), {}, logits, scores, {chosen, weights});
  CHECK(chosen == std::vector<std::uint32_t>{2, 1});
  CHECK(weights[0] == doctest::Approx(1 / (1 + std::exp(-1.0))));
}

TEST_CASE("router: a selection bias changes the choice but not the weights, which are scaled at the end") {
  const moe::RouterSpec spec{.experts = 4,
                             .per_token = 2,
                             .score = moe::RouterSpec::Score::sigmoid,
                             .selection_bias = true,
                             .normalise = true,
                             .scale = 2.5f};
  const moe::detail::RouterWeights w{.selection_bias = {0, 0, 0, 3}};
  std::vector<float> logits{2, 1, 0, -1}, scores(4), weights(2);
  std::vector<std::uint32_t> chosen(2);
  moe::detail::choose(spec, w, moe::detail::simd::kernels(), {}, logits, scores, {chosen, weights});
  CHECK(chosen == std::vector<std::uint32_t>{3, 0});
  const double last = 1 / (1 + std::exp(1.0)), first = 1 / (1 + std::exp(-2.0));
  CHECK(weights[0] == doctest::Approx(2.5 * last / (last + first)));
  CHECK(weights[1] == doctest::Approx(2.5 * first / (last + first)));
}

TEST_CASE("router: groups are kept by their largest score, or by the sum of the two largest") {
  moe::RouterSpec spec{.experts = 6, .per_token = 2, .groups = 2, .groups_kept = 1};
  const std::vector<float> logits{5, 0, 0, 4, 4, 0};
  std::vector<std::uint32_t> chosen(2);
  for (const bool sum : {false, true}) {
    spec.group_score_is_sum = sum;
    std::vector<float> copy = logits, scores(6), weights(2);
    // The sums are sums of e^logit: with the logits above, the first group would have the larger sum, too.
    if (sum) copy = {1, -9, -9, 0.9f, 0.9f, -9};
    moe::detail::choose(spec, {}, moe::detail::simd::kernels(), {}, copy, scores, {chosen, weights});
    CHECK(chosen == (sum ? std::vector<std::uint32_t>{3, 4} : std::vector<std::uint32_t>{0, 1}));
  }
}

TEST_CASE(
    "router: a group with one allowed expert has the score of this expert, also with sums of two scores") {
  const moe::RouterSpec spec{.experts = 6,
                             .per_token = 1,
                             .score = moe::RouterSpec::Score::sigmoid,
                             .groups = 3,
                             .groups_kept = 1,
                             .group_score_is_sum = true};
  const std::vector<moe::ExpertId> allowed{{0, 1}, {0, 3}, {0, 4}};
  std::vector<float> logits{9, 1, 9, 3, 2, 9}, scores(6), weights(1);
  std::vector<std::uint32_t> chosen(1);
  moe::detail::choose(spec, {}, moe::detail::simd::kernels(), allowed, logits, scores, {chosen, weights});
  CHECK(chosen[0] == 3);
}

TEST_CASE("router: sparsemixer weighs each expert by a softmax over the logits near its own logit") {
  const moe::RouterSpec spec{
      .experts = 4, .per_token = 2, .score = moe::RouterSpec::Score::sparsemixer, .jitter = 0.01f};
  std::vector<float> logits{1, 0.99f, -2, 0.5f}, scores(4), weights(2);
  std::vector<std::uint32_t> chosen(2);
  moe::detail::choose(spec, {}, moe::detail::simd::kernels(), {}, logits, scores, {chosen, weights});
  CHECK(chosen == std::vector<std::uint32_t>{0, 1});
  CHECK(weights[0] == doctest::Approx(1 / (1 + std::exp(-0.01))));
  CHECK(weights[1] == 1);  // the first expert is masked, and the others are far
}

TEST_CASE("router: sparsemixer counts logits of 0 as near each other") {
  const moe::RouterSpec spec{
      .experts = 4, .per_token = 2, .score = moe::RouterSpec::Score::sparsemixer, .jitter = 0.01f};
  std::vector<float> logits{0, -3, 0, -4}, scores(4), weights(2);
  std::vector<std::uint32_t> chosen(2);
  moe::detail::choose(spec, {}, moe::detail::simd::kernels(), {}, logits, scores, {chosen, weights});
  CHECK(chosen == std::vector<std::uint32_t>{0, 2});
  CHECK(weights == std::vector<float>{0.5f, 1});
}

TEST_CASE("router: a factor of each expert multiplies its weight") {
  const moe::RouterSpec spec{.experts = 2,
                             .per_token = 2,
                             .score = moe::RouterSpec::Score::softmax_of_chosen,
                             .per_expert_scale = true};
  const moe::detail::RouterWeights w{.expert_scale = {3, 10}};
  std::vector<float> logits{0, 0}, scores(2), weights(2);
  std::vector<std::uint32_t> chosen(2);
  moe::detail::choose(spec, w, moe::detail::simd::kernels(), {}, logits, scores, {chosen, weights});
  CHECK(weights == std::vector<float>{1.5f, 5});
}
