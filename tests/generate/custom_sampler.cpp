// SPDX-License-Identifier: MIT
#include "detail/core/token.hpp"
#include "detail/generate/model.hpp"
#include "detail/generate/sampler.hpp"
#include "detail/generate/session.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

using moe::SamplerContext;
using moe::Session;
using moe::TokenId;

namespace {

const moe::Model& sampled_model() {
  static const auto one = moe::open(bundled_model(), {.threads = 2});
  return one;
}

constexpr std::string_view sampled_prompt = "<|endoftext|>And God said";

/// The tokens whose text is one digit.
std::vector<TokenId> digit_tokens() {
  std::vector<TokenId> out;
  for (char digit = '0'; digit <= '9'; ++digit)
    out.push_back(sampled_model().tokenizer().encode(std::string(1, digit)).at(0));
  return out;
}

/// Draws only digits, in the way that the comment of GenerateOptions shows.
moe::GenerateOptions only_digits(std::size_t max_tokens) {
  moe::GenerateOptions options{.max_tokens = max_tokens};
  options.sampler = [draw = moe::Sampler({.temperature = 1}), digits = digit_tokens(),
                     allowed = std::vector<float>()](std::span<const float> logits,
                                                     const SamplerContext& text) mutable {
    allowed.assign(logits.size(), -std::numeric_limits<float>::infinity());
    for (const TokenId digit : digits) allowed[digit] = logits[digit];
    return draw(allowed, text);
  };
  return options;
}

}  // namespace

TEST_CASE("custom sampler: a callable that allows only digits gives a text of digits") {
  Session session(sampled_model());
  const std::string text = session.generate(sampled_prompt, only_digits(20));
  CAPTURE(text);
  CHECK(text.size() == 20);
  CHECK(text.find_first_not_of("0123456789") == text.npos);
}

TEST_CASE("custom sampler: a sampler lives as long as the range of pieces") {
  Session session(sampled_model());
  const auto alive = std::make_shared<int>();
  {
    auto options = only_digits(3);
    options.sampler = [alive](std::span<const float>, const SamplerContext&) { return TokenId{5}; };
    auto stream = session.stream(sampled_prompt, options);
    options = {};
    CHECK(alive.use_count() == 2);
    for (const moe::Piece& piece : stream) CHECK(piece.id == 5);
  }
  CHECK(alive.use_count() == 1);
}

TEST_CASE(
    "custom sampler: a sampler gets the logits of the vocabulary, all tokens, and the size of the prompt") {
  Session session(sampled_model());
  const std::size_t prompt_size = sampled_model().tokenizer().encode(sampled_prompt).size();
  std::size_t calls = 0;
  moe::GenerateOptions options{.max_tokens = 4};
  options.sampler = [&](std::span<const float> logits, const SamplerContext& text) {
    CHECK(logits.size() == sampled_model().spec().vocabulary_size);
    CHECK(text.prompt_size == prompt_size);
    CHECK(text.tokens.size() == prompt_size + calls);
    if (calls > 0) CHECK(text.tokens.back() == 100 + calls - 1);
    return static_cast<TokenId>(100 + calls++);
  };
  session.generate(sampled_prompt, options);
  CHECK(calls == 4);
}

TEST_CASE("custom sampler: a moe::Sampler gives the same text as its options without a custom sampler") {
  const moe::Sampling sampling{.temperature = 1, .presence_penalty = 0.5, .seed = 3};
  Session session(sampled_model());
  const std::string expected = session.generate(sampled_prompt, {.max_tokens = 20, .sampling = sampling});
  moe::GenerateOptions options{.max_tokens = 20};
  options.sampler = moe::Sampler(sampling);
  CHECK(session.generate(sampled_prompt, options) == expected);
}

TEST_CASE("custom sampler: a token outside of the vocabulary is an error, and so are two samplers") {
  Session session(sampled_model());
  moe::GenerateOptions options{.max_tokens = 4};
  options.sampler = [](std::span<const float> logits, const SamplerContext&) {
    return static_cast<TokenId>(logits.size());
  };
  check_error([&] { return session.generate(sampled_prompt, options); },
              {"generate: token of the sampler", "an id below 4096", "found 4096"});
  options.sampling = moe::Sampling{};
  check_error([&] { return session.generate(sampled_prompt, options); }, {"generate: sampler", "both"});
}

TEST_CASE("custom sampler: an exception passes through, and the session can continue") {
  struct Interruption {};
  Session session(sampled_model());
  moe::GenerateOptions options{.max_tokens = 4};
  options.sampler = [](std::span<const float>, const SamplerContext&) -> TokenId { throw Interruption(); };
  CHECK_THROWS_AS(session.generate(sampled_prompt, options), Interruption);
  CHECK(session.generate(sampled_prompt, only_digits(3)).size() == 3);
}

TEST_CASE("sampling in a session: penalties count generated tokens only, and bans reach the text") {
  Session session(sampled_model());
  const moe::GenerateOptions plain{.max_tokens = 30, .sampling = moe::Sampling{}};
  session.generate(sampled_prompt, plain);
  const TokenId first = session.tokens().at(session.statistics().prompt_tokens);
  session.generate(sampled_prompt, {.max_tokens = 30, .sampling = moe::Sampling{.banned_tokens = {first}}});
  for (std::size_t i = session.statistics().prompt_tokens; i < session.tokens().size(); ++i)
    CHECK(session.tokens()[i] != first);
  // A presence penalty above all differences of logits: no token is generated twice.
  session.generate(sampled_prompt, {.max_tokens = 30, .sampling = moe::Sampling{.presence_penalty = 1e6}});
  std::vector<TokenId> generated(
      session.tokens().begin() + static_cast<std::ptrdiff_t>(session.statistics().prompt_tokens),
      session.tokens().end());
  CHECK(generated[0] == first);
  std::sort(generated.begin(), generated.end());
  CHECK(std::adjacent_find(generated.begin(), generated.end()) == generated.end());
}

TEST_CASE(
    "custom sampler: after an exception of the sampler, the next increment draws the same token again") {
  struct Refusal {};
  const auto texts = [](std::size_t refused) {
    Session session(sampled_model());
    std::size_t calls = 0;
    moe::GenerateOptions options{.max_tokens = 8};
    options.sampler = [&, draw = moe::Sampler(moe::Sampling{})](std::span<const float> logits,
                                                                const SamplerContext& text) mutable {
      if (++calls == refused) throw Refusal();
      return draw(logits, text);
    };
    auto stream = session.stream(sampled_prompt, options);
    for (auto place = stream.begin(); place != stream.end();) {
      try {
        ++place;
      } catch (const Refusal&) {
      }
    }
    CHECK(session.sequence().position() + 1 == session.tokens().size());
    return session.tokens();
  };
  CHECK(texts(5) == texts(0));
}
