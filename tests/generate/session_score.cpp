// SPDX-License-Identifier: MIT
#include "detail/core/token.hpp"
#include "detail/generate/model.hpp"
#include "detail/generate/sampler.hpp"
#include "detail/generate/session.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

using moe::Piece;
using moe::Session;
using moe::TokenId;

namespace {

const moe::Model& scored_model() {
  static const auto one = moe::open(bundled_model(), {.threads = 2});
  return one;
}

constexpr std::string_view scored_text =
    "<|endoftext|>And God said, Let there be light: and there was light.";

/// The log-probabilities of the tokens after the first, from the logits of each position.
std::vector<double> reference_log_probabilities(const moe::Model& model, std::span<const TokenId> tokens) {
  std::vector<double> out;
  auto sequence = model.transformer().sequence({.context = 256});
  model.transformer().forward_each(
      sequence, tokens, [&](std::size_t position, std::span<const float> logits) {
        if (position + 1 == tokens.size()) return;
        long double sum = 0;
        for (const float logit : logits) sum += std::exp(static_cast<long double>(logit));
        out.push_back(static_cast<double>(logits[tokens[position + 1]] - std::log(sum)));
      });
  return out;
}

}  // namespace

TEST_CASE("score: each token has the log-probability that the logits before it give") {
  const std::vector<TokenId> tokens = scored_model().tokenizer().encode(scored_text);
  const std::vector<double> expected = reference_log_probabilities(scored_model(), tokens);
  for (const std::size_t chunk : {512u, 3u}) {
    Session session(scored_model(), {.context = 256, .chunk = chunk});
    const std::vector<Piece> pieces = session.score(scored_text);
    REQUIRE(pieces.size() == tokens.size());
    CHECK_FALSE(pieces[0].log_probability);
    std::string text;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      CHECK(pieces[i].id == tokens[i]);
      CHECK(pieces[i].most_likely.empty());
      if (i > 0) CHECK(*pieces[i].log_probability == doctest::Approx(expected[i - 1]).epsilon(1e-12));
      text += pieces[i].text;
    }
    CHECK(text == scored_text);
  }
}

TEST_CASE("score: the most likely tokens begin with the one that greedy decoding takes") {
  Session session(scored_model());
  session.generate("<|endoftext|>And God said", {.max_tokens = 12, .sampling = moe::Sampling{}});
  const std::vector<TokenId> tokens = session.tokens();
  const std::size_t prompt_size = session.statistics().prompt_tokens;
  const std::vector<Piece> pieces = session.score(tokens, 4);
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    REQUIRE(pieces[i].most_likely.size() == 4);
    for (std::size_t k = 1; k < 4; ++k)
      CHECK(pieces[i].most_likely[k - 1].log_probability >= pieces[i].most_likely[k].log_probability);
    if (i < prompt_size) continue;
    CHECK(pieces[i].most_likely[0].id == tokens[i]);
    CHECK(pieces[i].most_likely[0].log_probability == *pieces[i].log_probability);
  }
}

TEST_CASE("score: generated pieces have the log-probabilities that score() gives, whatever the sampling") {
  Session session(scored_model());
  const moe::Sampling sampling{.temperature = 0.8, .top_k = 20, .repetition_penalty = 1.2, .seed = 5};
  std::vector<Piece> generated;
  session.generate("<|endoftext|>And God said", {.max_tokens = 10, .sampling = sampling, .logprobs = 2},
                   [&](const Piece& piece) { generated.push_back(piece); });
  const std::size_t prompt_size = session.statistics().prompt_tokens;
  const std::vector<TokenId> tokens = session.tokens();
  const std::vector<Piece> scored = session.score(tokens, 2);
  REQUIRE(scored.size() == prompt_size + generated.size());
  for (std::size_t i = 0; i < generated.size(); ++i) {
    CHECK(generated[i].id == scored[prompt_size + i].id);
    CHECK(generated[i].log_probability == scored[prompt_size + i].log_probability);
    CHECK(generated[i].most_likely[1].id == scored[prompt_size + i].most_likely[1].id);
  }
}

TEST_CASE("score: pieces without GenerateOptions::logprobs have no log-probabilities") {
  Session session(scored_model());
  session.generate(scored_text, {.max_tokens = 2, .sampling = moe::Sampling{}}, [](const Piece& piece) {
    CHECK_FALSE(piece.log_probability);
    CHECK(piece.most_likely.empty());
  });
}

TEST_CASE("score: the tokens before the first one that is scored are reused, with the same results") {
  for (const std::string& path : {bundled_model(), golden("qwen3-next-odd"), golden("sliding-window")}) {
    CAPTURE(path);
    const auto model = moe::open(path, {.threads = 2});
    std::vector<TokenId> tokens;
    for (TokenId i = 0; i < 60; ++i) tokens.push_back((i * 7 + 3) % 64);
    Session fresh(model, {.context = 100}), session(model, {.context = 100});
    const std::vector<Piece> whole = fresh.score(tokens, 1);
    CHECK(fresh.statistics().reused_tokens == 0);
    for (const TokenId changed : {1u, 2u, 3u}) {
      std::vector<TokenId> other = tokens;
      other.back() = changed;
      (void)session.score(other, 1, 50);
      const std::vector<Piece> scored = session.score(tokens, 1, 50);
      if (path == bundled_model()) CHECK(session.statistics().reused_tokens == 49);
      CHECK(session.statistics().reused_tokens > 30);
      for (std::size_t i = 0; i < tokens.size(); ++i) {
        CHECK(scored[i].log_probability.has_value() == (i >= 50));
        if (i >= 50) CHECK(scored[i].log_probability == whole[i].log_probability);
        if (i >= 50) CHECK(scored[i].most_likely[0].id == whole[i].most_likely[0].id);
      }
    }
  }
}

TEST_CASE("score: progress rises to all computed tokens, context included") {
  Session session(scored_model(), {.context = 64, .chunk = 4});
  std::vector<std::pair<std::size_t, std::size_t>> reports;
  const auto report = [&](std::size_t done, std::size_t all) { reports.emplace_back(done, all); };
  const std::vector<TokenId> tokens{0, 300, 17, 5, 9, 11, 12, 13, 14, 15, 16};
  (void)session.score(tokens, 0, 6, report);
  CHECK(std::is_sorted(reports.begin(), reports.end()));
  CHECK(reports.front().first == 0);
  CHECK(reports.back() == std::pair<std::size_t, std::size_t>(10, 10));  // the last token is not computed
}

TEST_CASE("score: a session continues a scored text, and scores a generated one") {
  Session session(scored_model()), fresh(scored_model());
  (void)session.score(scored_text);
  const moe::GenerateOptions options{.max_tokens = 10, .sampling = moe::Sampling{}};
  CHECK(session.generate(scored_text, options) == fresh.generate(scored_text, options));
  CHECK(session.statistics().reused_tokens > 10);
  auto stream = session.stream(scored_text, options);
  auto place = stream.begin();
  (void)session.score(scored_text);
  check_error([&] { return ++place, 0; }, {"stream", "range"});
}

TEST_CASE("score: one token has no log-probability, and a context holds one token more than its positions") {
  Session session(scored_model(), {.context = 10});
  CHECK_FALSE(session.score(std::vector<TokenId>{5}).at(0).log_probability);
  const std::vector<Piece> pieces = session.score(std::vector<TokenId>(11, 5));
  CHECK(pieces.back().log_probability.has_value());
  CHECK(session.score(std::vector<TokenId>(11, 5), 0, 99).back().log_probability.has_value() == false);
}

TEST_CASE("score: no tokens, too many tokens and unknown ids are refused") {
  Session session(scored_model(), {.context = 10});
  check_error([&] { return session.score(std::vector<TokenId>{}); }, {"score: tokens", "at least one"});
  check_error([&] { return session.score(std::vector<TokenId>(12, 5)); },
              {"score: tokens", "at most 11", "12"});
  check_error([&] { return session.score(std::vector<TokenId>{1, 2, 4096}); }, {"ids below 4096"});
}

TEST_CASE("score: a scored text resets how the text before it ended") {
  Session session(scored_model(), {.context = 256});
  session.generate(scored_text, {.max_tokens = 20, .sampling = moe::Sampling{}, .stop_strings = {"e"}});
  REQUIRE(session.finish() == moe::Finish::stop_string);
  session.score(scored_text);
  CHECK(session.finish() == moe::Finish::running);
  CHECK(session.stop_string() == "");
  session.generate(scored_text, {.max_tokens = 1, .sampling = moe::Sampling{}});
  session.score(scored_text);
  CHECK(session.finish() == moe::Finish::running);
  CHECK_FALSE(session.end_token());
}

TEST_CASE("score: tokens of the session itself are scored as they were before the call") {
  Session session(scored_model()), other(scored_model());
  session.generate("<|endoftext|>And God said", {.max_tokens = 20, .sampling = moe::Sampling{}});
  const std::vector<TokenId> all = session.tokens();
  const std::vector<TokenId> end(all.begin() + 3, all.end());
  const std::vector<Piece> expected = other.score(end);
  const std::vector<Piece> found = session.score(std::span(session.tokens()).subspan(3));
  REQUIRE(found.size() == expected.size());
  CHECK(session.tokens() == end);
  for (std::size_t i = 0; i < found.size(); ++i) {
    CHECK(found[i].id == expected[i].id);
    CHECK(found[i].log_probability == expected[i].log_probability);
  }
}
