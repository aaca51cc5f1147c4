// SPDX-License-Identifier: MIT
#include "detail/core/token.hpp"
#include "detail/generate/ngram_index.hpp"
#include "detail/generate/random.hpp"
#include "detail/generate/sampler.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <span>
#include <vector>

using moe::TokenId;

namespace {

std::set<TokenId> banned_by(const moe::detail::NgramIndex& index, const std::vector<TokenId>& text) {
  std::vector<double> scores(5);
  index.ban_repetitions(text, scores);
  std::set<TokenId> out;
  for (TokenId id = 0; id < scores.size(); ++id)
    if (std::isinf(scores[id])) out.insert(id);
  return out;
}

std::set<TokenId> repeated_ends(const std::vector<TokenId>& text, std::size_t n) {
  std::set<TokenId> out;
  for (std::size_t i = 0; i + n <= text.size(); ++i)
    if (std::equal(text.end() - static_cast<std::ptrdiff_t>(n - 1), text.end(),
                   text.begin() + static_cast<std::ptrdiff_t>(i)))
      out.insert(text[i + n - 1]);
  return out;
}

}  // namespace

TEST_CASE("n-gram index: finds what a naive search finds, for all n and every end of a growing text") {
  moe::Random random(3);
  for (const std::size_t n : {2u, 3u, 4u, 7u, 20u}) {
    CAPTURE(n);
    moe::detail::NgramIndex index(n);
    for (const std::size_t alphabet : {1u, 2u, 5u}) {
      index.clear();
      std::vector<TokenId> text;
      for (std::size_t size = 0; size < 300; ++size) {
        index.extend(text);
        REQUIRE(banned_by(index, text) == repeated_ends(text, n));
        text.push_back(static_cast<TokenId>(random.next() % alphabet));
      }
    }
  }
}

TEST_CASE(
    "n-gram index: a whole text and its tokens one by one give one index, with and without reserved memory") {
  const std::vector<TokenId> text{1, 2, 3, 1, 2, 4, 3, 1, 2};
  moe::detail::NgramIndex whole(3), reserved(3);
  reserved.reserve(1000);
  whole.extend(text);
  for (std::size_t size = 1; size <= text.size(); ++size) reserved.extend(std::span(text).first(size));
  CHECK(banned_by(whole, text) == std::set<TokenId>{3, 4});
  CHECK(banned_by(reserved, text) == std::set<TokenId>{3, 4});
}

TEST_CASE("n-gram index: a text of 20000 tokens without a repeated 4-gram is drawn in linear time") {
  moe::Sampler sampler({.temperature = 1, .no_repeat_ngram_size = 4});
  const std::vector<float> logits(20);
  std::vector<TokenId> text;
  for (std::size_t i = 0; i < 20000; ++i) text.push_back(sampler(logits, text));
  std::set<std::vector<TokenId>> seen;
  for (auto end = text.begin() + 4; end <= text.end(); ++end) REQUIRE(seen.insert({end - 4, end}).second);
}
