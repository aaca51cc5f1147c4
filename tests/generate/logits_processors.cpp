// SPDX-License-Identifier: MIT
#include "detail/core/token.hpp"
#include "detail/generate/random.hpp"
#include "detail/generate/sampler.hpp"
#include "support/draws.hpp"
#include "support/message_of.hpp"
#include "support/random_numbers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <set>
#include <vector>

using moe::Sampler;
using moe::SamplerContext;
using moe::Sampling;
using moe::TokenId;

namespace {

using Text = std::vector<TokenId>;

constexpr float minus_infinity = -std::numeric_limits<float>::infinity();

TokenId first_of(const Sampling& sampling, const std::vector<float>& logits,
                 const SamplerContext& context = {}) {
  return Sampler(sampling)(logits, context);
}

/// The scores after all steps that come before the temperature, computed token by token from the definitions.
std::vector<double> reference_scores(const Sampling& s, const std::vector<float>& logits, const Text& text,
                                     std::size_t prompt_size) {
  std::vector<double> scores(logits.begin(), logits.end());
  const auto ban = [&](TokenId id) {
    if (id < scores.size()) scores[id] = -std::numeric_limits<double>::infinity();
  };
  for (const moe::LogitBias& bias : s.logit_bias) scores[bias.id] += bias.bias;
  for (TokenId id = 0; id < scores.size(); ++id) {
    const auto generated =
        std::count(text.begin() + static_cast<std::ptrdiff_t>(prompt_size), text.end(), id);
    if (std::find(text.begin(), text.end(), id) != text.end())
      scores[id] *= scores[id] < 0 ? s.repetition_penalty : 1 / s.repetition_penalty;
    scores[id] -= static_cast<double>(generated) * s.frequency_penalty;
    if (generated > 0) scores[id] -= s.presence_penalty;
  }
  const std::size_t n = s.no_repeat_ngram_size;
  for (std::size_t i = 0; n > 0 && i + n <= text.size(); ++i) {
    const auto start = text.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::equal(start, start + static_cast<std::ptrdiff_t>(n - 1),
                   text.end() - static_cast<std::ptrdiff_t>(n - 1)))
      ban(text[i + n - 1]);
  }
  for (const TokenId id : s.banned_tokens) ban(id);
  for (const Text& sequence : s.banned_sequences) {
    const auto before = static_cast<std::ptrdiff_t>(sequence.size() - 1);
    if (sequence.size() - 1 <= text.size() &&
        std::equal(sequence.begin(), sequence.end() - 1, text.end() - before))
      ban(sequence.back());
  }
  return scores;
}

}  // namespace

TEST_CASE("logits processors: a bias is added to the logit of its token, and biases of one token add up") {
  const std::vector<float> logits{2, 1, 0};
  CHECK(first_of({.logit_bias = {{2, 2.5}}}, logits) == 2);
  CHECK(first_of({.logit_bias = {{2, 1.5}}}, logits) == 0);
  CHECK(first_of({.logit_bias = {{2, 1.5}, {0, -5}, {2, 1}}}, logits) == 2);
  CHECK(first_of({.logit_bias = {{0, -1.5}}}, logits) == 1);
  const auto found =
      frequencies({.temperature = 1, .logit_bias = {{1, std::log(3.0)}}}, logits_of({0.5, 0.5}));
  CHECK(found.at(1) == doctest::Approx(0.75).epsilon(0.03));
}

TEST_CASE("logits processors: a banned token is never drawn, whatever its bias") {
  const std::vector<float> logits{5, 1, 4, 3};
  CHECK(first_of({.banned_tokens = {0, 2}}, logits) == 3);
  CHECK(support({.temperature = 5, .logit_bias = {{2, 50}}, .banned_tokens = {0, 2}}, logits) ==
        std::set<TokenId>{1, 3});
}

TEST_CASE(
    "logits processors: the last token of a banned sequence is banned only after all its other tokens") {
  const std::vector<float> logits{0, 3, 2, 1};
  const Sampling sampling{.banned_sequences = {{0, 2, 1}, {3}}};
  CHECK(first_of(sampling, logits, Text{0, 2}) == 2);
  CHECK(first_of(sampling, logits, Text{3, 3, 0, 2}) == 2);
  CHECK(first_of(sampling, logits, Text{0}) == 1);
  CHECK(first_of(sampling, logits, Text{2, 0}) == 1);
  CHECK(first_of(sampling, logits, {}) == 1);
  CHECK(first_of({.banned_sequences = {{1}, {1, 2}}}, logits, Text{1}) == 3);
}

TEST_CASE(
    "logits processors: a generated token gets the presence penalty once, the frequency penalty each time") {
  const std::vector<float> logits{3, 2};
  const Text text{0, 0, 0, 0};
  // The prompt does not count.
  CHECK(first_of({.presence_penalty = 1.5}, logits, {text, 4}) == 0);
  CHECK(first_of({.presence_penalty = 1.5}, logits, {text, 3}) == 1);
  CHECK(first_of({.presence_penalty = 0.5}, logits, {text, 0}) == 0);
  CHECK(first_of({.frequency_penalty = 0.4}, logits, {text, 2}) == 0);  // 3 - 2 · 0.4 > 2
  CHECK(first_of({.frequency_penalty = 0.4}, logits, {text, 1}) == 1);  // 3 - 3 · 0.4 < 2
  CHECK(first_of({.presence_penalty = 0.3, .frequency_penalty = 0.4}, logits, {text, 2}) == 1);
  // Negative penalties make repetitions more likely.
  CHECK(first_of({.presence_penalty = -1.5}, {3, 4}, {text, 0}) == 0);
  CHECK(first_of({.frequency_penalty = -0.3}, {3, 4}, {text, 0}) == 0);
  CHECK(first_of({.frequency_penalty = -0.3}, {3, 4}, {text, 1}) == 1);
  // Without a prompt size, all tokens of the context count.
  CHECK(first_of({.presence_penalty = 1.5}, logits, Text{0}) == 1);
}

TEST_CASE("logits processors: the bias comes before the penalties, and repetition before presence") {
  // (1 - 2) · 2 = -2; in the other order 1 / 2 - 2 = -1.5.
  CHECK(first_of({.repetition_penalty = 2, .logit_bias = {{0, -2}}}, {1, -1.75f}, Text{0}) == 1);
  // 2 / 2 - 0.5 = 0.5; in the other order (2 - 0.5) / 2 = 0.75.
  CHECK(first_of({.repetition_penalty = 2, .presence_penalty = 0.5}, {2, 0.6f}, Text{0}) == 1);
}

TEST_CASE("logits processors: no n-gram of prompt and text is repeated") {
  const std::vector<float> logits{3, 2, 1};
  CHECK(first_of({.no_repeat_ngram_size = 1}, logits, Text{0, 7}) == 1);
  CHECK(first_of({.no_repeat_ngram_size = 2}, logits, Text{2, 0, 1, 2}) == 1);
  CHECK(first_of({.no_repeat_ngram_size = 2}, logits, Text{2, 0, 2, 1, 2}) == 2);
  CHECK(first_of({.no_repeat_ngram_size = 3}, logits, Text{2, 0, 1, 2}) == 0);
  CHECK(first_of({.no_repeat_ngram_size = 3}, logits, Text{1, 2, 0, 1, 2}) == 1);
  CHECK(first_of({.no_repeat_ngram_size = 9}, logits, Text{0, 0, 0}) == 0);
  CHECK(first_of({.no_repeat_ngram_size = std::numeric_limits<std::size_t>::max()}, logits, Text{0, 0}) == 0);
  Sampler sampler({.no_repeat_ngram_size = 2});
  Text text;
  for (std::size_t i = 0; i < 6; ++i) text.push_back(sampler(logits, text));
  CHECK(text == Text{0, 0, 1, 0, 2, 0});
  check_error([&] { return sampler(logits, text); }, {"one that is not -inf"});
}

TEST_CASE(
    "logits processors: with random options and texts, a token is drawn that a naive reference scores best") {
  moe::Random random(1);
  constexpr TokenId vocabulary = 7;
  const auto below = [&](std::size_t n) { return static_cast<TokenId>(random.next() % n); };
  for (std::size_t round = 0; round < 200; ++round) {
    CAPTURE(round);
    Sampling sampling{.repetition_penalty = 0.5 + random.uniform(),
                      .presence_penalty = random.uniform() - 0.3,
                      .frequency_penalty = random.uniform() - 0.3,
                      .no_repeat_ngram_size = below(5)};
    for (std::size_t i = below(3); i > 0; --i)
      sampling.logit_bias.push_back({below(vocabulary), random.uniform() - 0.5});
    if (below(3) == 0) sampling.banned_tokens = {below(vocabulary)};
    if (below(3) == 0) sampling.banned_sequences = {{below(vocabulary), below(vocabulary)}, {0, 1, 2}};
    Sampler sampler(sampling);
    Text text;
    std::size_t prompt_size = 0;
    for (std::size_t step = 0; step < 40; ++step) {
      if (below(15) == 0) text.resize(below(text.size() + 1));
      if (below(15) == 0) prompt_size = below(text.size() + 1);
      prompt_size = std::min(prompt_size, text.size());
      const std::vector<float> logits = random_numbers(vocabulary, static_cast<unsigned>(100 * round + step));
      const std::vector<double> scores = reference_scores(sampling, logits, text, prompt_size);
      const auto best = std::max_element(scores.begin(), scores.end());
      if (std::isinf(*best)) {
        check_error([&] { return sampler(logits, {text, prompt_size}); }, {"one that is not -inf"});
        text.clear();
        continue;
      }
      const TokenId drawn = sampler(logits, {text, prompt_size});
      CHECK(scores[drawn] == doctest::Approx(*best).epsilon(1e-12));
      text.push_back(below(4) == 0 ? below(vocabulary + 2) : drawn);  // also ids that the vocabulary lacks
    }
  }
}

TEST_CASE("logits processors: a logit of -inf stays excluded, and extreme options make no score infinite") {
  const Sampling all{.repetition_penalty = 1e-300,
                     .presence_penalty = -1e308,
                     .frequency_penalty = -1e308,
                     .logit_bias = {{0, 1e308}, {0, 1e308}, {1, -1e308}}};
  CHECK(first_of(all, {minus_infinity, -3}, Text{0, 1, 1}) == 1);
  Sampling drawn = all;
  drawn.temperature = 1;
  CHECK(support(drawn, {minus_infinity, 3e38f, 3e38f}, Text{0, 1, 2}) == std::set<TokenId>{1, 2});
  CHECK(support({.temperature = 1, .logit_bias = {{0, -1e308}, {1, -1e300}}}, {3e38f, 0}) ==
        std::set<TokenId>{0, 1});
}

TEST_CASE("logits processors: if all tokens are excluded, the error says so") {
  for (const double temperature : {0.0, 1.0}) {
    check_error(
        [&] {
          return first_of({.temperature = temperature, .banned_tokens = {0, 1}}, {1, 2});
        },
        {"one that is not -inf", "none"});
    check_error(
        [&] {
          return first_of({.temperature = temperature, .no_repeat_ngram_size = 1}, {1, 2}, Text{0, 1});
        },
        {"one that is not -inf", "none"});
  }
}

TEST_CASE("logits processors: an id outside of the vocabulary is an error that names the list") {
  check_error(
      [] {
        return first_of({.logit_bias = {{3, 1}}}, {1, 2, 3});
      },
      {"sampling: logit_bias", "token ids below 3, the size of the vocabulary", "found 3"});
  check_error([] { return first_of({.banned_tokens = {9}}, {1, 2, 3}); }, {"banned_tokens", "found 9"});
  check_error(
      [] {
        return first_of({.banned_sequences = {{9, 1}}}, {1, 2, 3});
      },
      {"banned_sequences", "found 9"});
}

TEST_CASE("logits processors: numbers that are not finite, and empty sequences, are refused by name") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double inf = std::numeric_limits<double>::infinity();
  for (const double wrong : {nan, inf, -inf}) {
    CAPTURE(wrong);
    check_error([&] { return Sampler({.presence_penalty = wrong}); }, {"sampling: presence_penalty"});
    check_error([&] { return Sampler({.frequency_penalty = wrong}); }, {"sampling: frequency_penalty"});
    check_error([&] { return Sampler({.logit_bias = {{0, wrong}}}); }, {"sampling: logit_bias"});
  }
  check_error(
      [] {
        return Sampler({.banned_sequences = {{1}, {}}});
      },
      {"banned_sequences", "an empty sequence"});
  for (const double wrong : {0.0, -0.5, 1.5, nan, inf})
    check_error([&] { return Sampler({.typical_p = wrong}); }, {"sampling: typical_p"});
}
