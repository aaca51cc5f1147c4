// SPDX-License-Identifier: MIT
#include "detail/core/token.hpp"
#include "detail/generate/sampler.hpp"
#include "support/draws.hpp"
#include "support/message_of.hpp"
#include "support/random_numbers.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <set>
#include <vector>

using moe::Sampler;
using moe::Sampling;
using moe::TokenId;

namespace {

using Ids = std::set<TokenId>;
using Context = std::vector<TokenId>;

}  // namespace

TEST_CASE("sampler: temperature 0 takes the most likely token, and the first of several equal ones") {
  Sampler sampler(Sampling{});
  CHECK(sampler(std::vector<float>{1, 3, 2, 3}, {}) == 1);
}

TEST_CASE("sampler: draws follow the softmax") {
  const auto found = frequencies({.temperature = 1}, logits_of({0.5, 0.3, 0.15, 0.05}));
  CHECK(found.at(0) == doctest::Approx(0.5).epsilon(0.05));
  CHECK(found.at(1) == doctest::Approx(0.3).epsilon(0.05));
  CHECK(found.at(2) == doctest::Approx(0.15).epsilon(0.07));
  CHECK(found.at(3) == doctest::Approx(0.05).epsilon(0.12));
}

TEST_CASE("sampler: temperature divides the logits") {
  const auto found = frequencies({.temperature = 0.5}, logits_of({0.6, 0.4}));
  CHECK(found.at(0) == doctest::Approx(0.36 / 0.52).epsilon(0.05));
}

TEST_CASE("sampler: top_k keeps the k most likely tokens, and all tokens equal to the last of these") {
  const std::vector<float> logits{5, 1, 4, 4, 3};
  CHECK(support({.temperature = 5, .top_k = 1}, logits) == Ids{0});
  CHECK(support({.temperature = 5, .top_k = 2}, logits) == Ids{0, 2, 3});
  CHECK(support({.temperature = 5, .top_k = 3}, logits) == Ids{0, 2, 3});
  CHECK(support({.temperature = 5, .top_k = 4}, logits) == Ids{0, 2, 3, 4});
  CHECK(support({.temperature = 5, .top_k = 99}, logits) == Ids{0, 1, 2, 3, 4});
  CHECK(support({.temperature = 5, .top_k = 0}, logits) == Ids{0, 1, 2, 3, 4});
}

TEST_CASE("sampler: top_p keeps the fewest most likely tokens whose probabilities reach p") {
  const std::vector<float> logits = logits_of({0.15, 0.5, 0.05, 0.3});
  CHECK(support({.temperature = 1, .top_p = 0.4}, logits) == Ids{1});
  CHECK(support({.temperature = 1, .top_p = 0.6}, logits) == Ids{1, 3});
  CHECK(support({.temperature = 1, .top_p = 0.9}, logits) == Ids{0, 1, 3});
  CHECK(support({.temperature = 1, .top_p = 0.97}, logits) == Ids{0, 1, 2, 3});
  CHECK(support({.temperature = 1, .top_p = 1e-9}, logits) == Ids{1});
}

TEST_CASE("sampler: top_p keeps the token with which the sum reaches p, and no token after it") {
  const std::vector<float> equal{1, 1, 1, 1};
  CHECK(support({.temperature = 1, .top_p = 0.5}, equal).size() == 2);
  CHECK(support({.temperature = 1, .top_p = 0.51}, equal).size() == 3);
}

TEST_CASE("sampler: top_p is applied to the tokens that top_k keeps, after the temperature") {
  const std::vector<float> logits = logits_of({0.4, 0.3, 0.2, 0.1});
  // Of the first two, 0.4 / 0.7 = 57 %.
  CHECK(support({.temperature = 1, .top_k = 2, .top_p = 0.55}, logits) == Ids{0});
  CHECK(support({.temperature = 1, .top_k = 2, .top_p = 0.6}, logits) == Ids{0, 1});
  // At a low temperature the first has nearly all.
  CHECK(support({.temperature = 0.1, .top_p = 0.9}, logits) == Ids{0});
}

TEST_CASE("sampler: min_p keeps tokens with at least p times the largest probability") {
  const std::vector<float> logits = logits_of({0.5, 0.26, 0.14, 0.1});
  CHECK(support({.temperature = 1, .min_p = 0.5}, logits) == Ids{0, 1});
  CHECK(support({.temperature = 1, .min_p = 0.25}, logits) == Ids{0, 1, 2});
  CHECK(support({.temperature = 1, .min_p = 1}, logits) == Ids{0});
}

TEST_CASE(
    "sampler: the repetition penalty applies once per distinct token of the context, also in greedy "
    "decoding") {
  const std::vector<float> logits{2, 1.5f, -1, -1.5f};
  Sampler sampler({.repetition_penalty = 2});
  CHECK(sampler(logits, {}) == 0);
  CHECK(sampler(logits, std::vector<TokenId>{0, 0, 0}) == 1);  // 2 / 2 < 1.5
  CHECK(sampler(logits, std::vector<TokenId>{0, 1}) == 0);     // 1 > 0.75
  const std::vector<float> below{-1, -1.5f};
  CHECK(sampler(below, std::vector<TokenId>{0}) == 1);  // -1 · 2 < -1.5
  CHECK(sampler(below, std::vector<TokenId>{99}) == 0);
}

TEST_CASE("sampler: one seed always draws one sequence, and another seed another sequence") {
  const std::vector<float> logits = random_numbers(1000, 1);
  const auto draw = [&](std::uint64_t seed) {
    Sampler sampler({.temperature = 1, .top_k = 50, .top_p = 0.95, .seed = seed});
    std::vector<TokenId> out;
    for (int i = 0; i < 50; ++i) out.push_back(sampler(logits, out));
    return out;
  };
  CHECK(draw(7) == draw(7));
  CHECK(draw(7) != draw(8));
}

TEST_CASE("sampler: a logit of NaN or +inf is an error that names the token") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float inf = std::numeric_limits<float>::infinity();
  for (const double temperature : {0.0, 0.7})
    for (const float wrong : {nan, inf}) {
      Sampler sampler({.temperature = temperature});
      check_error(
          [&] {
            return sampler(std::vector<float>{1, 2, wrong, 3}, {});
          },
          {"sampler", "logit of token 2", wrong > 0 ? "+inf" : "not a number"});
    }
}

TEST_CASE("sampler: a logit of -inf excludes its token, whatever the other options") {
  constexpr float inf = std::numeric_limits<float>::infinity();
  const Sampling all{.temperature = 0.7, .top_k = 3, .top_p = 0.9, .min_p = 0.01, .repetition_penalty = 1.1};
  CHECK(support(all, {-inf, 1, -inf, 1}, Context{0, 1}) == Ids{1, 3});
  CHECK(support({.temperature = 1e300}, {-inf, -3e38f, 3e38f}) == Ids{1, 2});
  CHECK(support({}, {-inf, -3e38f}) == Ids{1});
  for (const double temperature : {0.0, 0.7}) {
    Sampler sampler({.temperature = temperature});
    check_error(
        [&] {
          return sampler(std::vector<float>{-inf, -inf}, {});
        },
        {"one that is not -inf", "none"});
  }
}

TEST_CASE("sampler: a temperature too small for quotients of logits draws as temperature 0") {
  for (const double temperature : {0x1p-1074, 1e-308, 1e-300, 1e-271}) {
    CAPTURE(temperature);
    CHECK(support({.temperature = temperature}, {1, 7, 7, 2}) == Ids{1});
    CHECK(support({.temperature = temperature}, {-3e38f, -1e38f}) == Ids{1});
    CHECK(support({.temperature = temperature, .top_k = 3, .top_p = 0.5, .min_p = 0.5}, {0, 0}) == Ids{0});
  }
  CHECK(support({.temperature = 1e-200}, {1, 2}) == Ids{1});
}

TEST_CASE("sampler: an extreme repetition penalty neither excludes a token nor makes scores infinite") {
  CHECK(support({.temperature = 1, .repetition_penalty = 1e300}, {-3e38f, -3e38f}, Context{0, 1}) ==
        Ids{0, 1});
  CHECK(support({.temperature = 1, .repetition_penalty = 1e-300}, {3e38f, 3e38f}, Context{0, 1}) ==
        Ids{0, 1});
}

TEST_CASE("sampler: options that are out of range, NaN or infinite are refused by name") {
  const auto make = [](Sampling sampling) { return [=] { return Sampler(sampling); }; };
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double inf = std::numeric_limits<double>::infinity();
  for (const double wrong : {-1.0, -1e-300, nan, inf, -inf}) {
    CAPTURE(wrong);
    check_error(make({.temperature = wrong}), {"sampling: temperature"});
    check_error(make({.top_p = wrong}), {"sampling: top_p"});
    check_error(make({.min_p = wrong}), {"sampling: min_p"});
    check_error(make({.repetition_penalty = wrong}), {"sampling: repetition_penalty"});
  }
  check_error(make({.temperature = -1}), {"sampling", "temperature", "-1"});
  check_error(make({.top_p = 0}), {"top_p"});
  check_error(make({.top_p = 1.5}), {"top_p", "1.5"});
  check_error(make({.min_p = 1.5}), {"min_p", "1.5"});
  check_error(make({.repetition_penalty = 0}), {"repetition_penalty"});
  check_error([] { return Sampler(Sampling{})({}, {}); }, {"logits", "at least one"});
}

TEST_CASE("sampler: one seed draws these tokens on every machine and with every standard library") {
  std::vector<float> logits;
  for (unsigned i = 0; i < 64; ++i) logits.push_back(static_cast<float>(i * 37 % 64) / 16);
  Sampler sampler({.temperature = 0.9,
                   .top_k = 40,
                   .top_p = 0.95,
                   .min_p = 0.05,
                   .typical_p = 0.9,
                   .repetition_penalty = 1.1,
                   .presence_penalty = 0.5,
                   .frequency_penalty = 0.25,
                   .no_repeat_ngram_size = 3,
                   .seed = 7});
  Context text{1, 2, 3};
  for (std::size_t i = 0; i < 12; ++i) text.push_back(sampler(logits, {text, 3}));
  CHECK(text == Context{1, 2, 3, 24, 3, 57, 38, 29, 17, 31, 19, 10, 34, 8, 62});
}
