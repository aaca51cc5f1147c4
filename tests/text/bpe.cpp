// SPDX-License-Identifier: MIT
#include "detail/core/token.hpp"
#include "detail/text/merge_table.hpp"
#include "detail/text/vocabulary.hpp"
#include "detail/text/bpe.hpp"
#include "detail/text/bpe_encoder.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

using moe::TokenId;
using moe::detail::Bpe;
using moe::detail::BpeEncoder;
using moe::detail::BpeOptions;
using moe::detail::MergeTable;
using moe::detail::Vocabulary;

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// A token for each letter, then one for each merge, with ids in this order: 'a' in "abc" is 0.
Bpe make_bpe(const std::string& letters, const Pairs& pairs, BpeOptions options = {},
             const std::string& more = "") {
  Vocabulary vocabulary;
  MergeTable merges;
  const auto add = [&](const std::string& text) {
    if (!text.empty() && !vocabulary.find(text))
      vocabulary.add(static_cast<TokenId>(vocabulary.size()), text);
  };
  for (const char c : letters) add(std::string(1, c));
  for (const auto& [left, right] : pairs) {
    add(left + right);
    merges.add(*vocabulary.find(left), *vocabulary.find(right), *vocabulary.find(left + right));
  }
  add(more);
  return Bpe(std::move(vocabulary), std::move(merges), options);
}

std::vector<TokenId> encode(const Bpe& bpe, std::string_view piece) {
  std::vector<TokenId> out;
  BpeEncoder(bpe).append(piece, out);
  return out;
}

std::vector<std::string> texts(const Bpe& bpe, std::string_view piece) {
  std::vector<std::string> out;
  for (const TokenId id : encode(bpe, piece)) out.emplace_back(bpe.vocabulary().bytes(id));
  return out;
}

using Texts = std::vector<std::string>;

/// The definition: search all pairs, merge the best pair, repeat.
std::vector<TokenId> naive(const Bpe& bpe, std::string_view piece) {
  std::vector<TokenId> ids;
  for (const char c : piece) ids.push_back(*bpe.token_of(c));
  for (;;) {
    std::size_t best = 0;
    moe::detail::Merge merge;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      const moe::detail::Merge found = bpe.merges().find(ids[i], ids[i + 1]);
      if (found.rank < merge.rank) merge = found, best = i;
    }
    if (merge.rank == moe::detail::Merge::never) return ids;
    ids[best] = merge.result;
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

}  // namespace

TEST_CASE("bpe: the merge of the lowest rank is done first") {
  const Bpe bpe = make_bpe("abc", {{"b", "c"}, {"a", "b"}});
  CHECK(texts(bpe, "abc") == Texts{"a", "bc"});
}

TEST_CASE("bpe: of equal merges, the leftmost is done first") {
  const Bpe bpe = make_bpe("a", {{"a", "a"}});
  CHECK(texts(bpe, "aaa") == Texts{"aa", "a"});
  CHECK(texts(bpe, "aaaaa") == Texts{"aa", "aa", "a"});
}

TEST_CASE("bpe: the result of a merge merges again, also by a merge of lower rank") {
  const Bpe bpe = make_bpe("abcd", {{"c", "d"}, {"b", "cd"}, {"a", "bcd"}});
  CHECK(texts(bpe, "abcd") == Texts{"abcd"});
  const Bpe backwards = make_bpe("abc", {{"a", "b"}, {"ab", "c"}, {"b", "c"}});
  CHECK(texts(backwards, "abcbc") == Texts{"abc", "bc"});
}

TEST_CASE("bpe: a merge that is listed twice has the later rank") {
  CHECK(texts(make_bpe("abc", {{"a", "b"}, {"b", "c"}}), "abc") == Texts{"ab", "c"});
  CHECK(texts(make_bpe("abc", {{"a", "b"}, {"b", "c"}, {"a", "b"}}), "abc") == Texts{"a", "bc"});
}

TEST_CASE("bpe: with ignore_merges, a piece that is a token becomes this token, even if no merges make it") {
  CHECK(texts(make_bpe("abc", {}, {.ignore_merges = true}, "abc"), "abc") == Texts{"abc"});
  CHECK(texts(make_bpe("abc", {}, {.ignore_merges = true}, "abc"), "abca") == Texts{"a", "b", "c", "a"});
  CHECK(texts(make_bpe("abc", {}, {.ignore_merges = false}, "abc"), "abc") == Texts{"a", "b", "c"});
}

TEST_CASE(
    "bpe: without an unknown token, bytes that are no tokens are dropped and their neighbours may merge") {
  CHECK(texts(make_bpe("ab", {{"a", "b"}}), "axxb") == Texts{"ab"});
  CHECK(texts(make_bpe("ab", {}), "xyz").empty());
}

TEST_CASE(
    "bpe: the unknown token stands for each byte that is no token, or for a run of such bytes if fused") {
  const BpeOptions single{.unknown = 0}, fused{.unknown = 0, .fuse_unknown = true};
  CHECK(texts(make_bpe("?ab", {}, single), "xxaxbxx") == Texts{"?", "?", "a", "?", "b", "?", "?"});
  CHECK(texts(make_bpe("?ab", {}, fused), "xxaxbxx") == Texts{"?", "a", "?", "b", "?"});
}

TEST_CASE("bpe: the unknown token merges like other tokens") {
  CHECK(texts(make_bpe("?ab", {{"?", "a"}}, {.unknown = 0}), "xab") == Texts{"?a", "b"});
}

TEST_CASE("bpe: an encoder may be used again, also for empty pieces") {
  const Bpe bpe = make_bpe("ab", {{"a", "b"}});
  BpeEncoder encoder(bpe);
  std::vector<TokenId> out;
  encoder.append("abab", out);
  encoder.append("", out);
  encoder.append("a", out);
  CHECK(out == std::vector<TokenId>{2, 2, 0});
}

TEST_CASE("bpe: tokens are as by definition, on random vocabularies") {
  std::mt19937 generator(1);
  for (int round = 0; round < 300; ++round) {
    Texts parts = {"a", "b", "c"};
    Pairs pairs;
    for (int i = 0; i < 20; ++i) {
      pairs.emplace_back(parts[generator() % parts.size()], parts[generator() % parts.size()]);
      parts.push_back(pairs.back().first + pairs.back().second);
    }
    const Bpe bpe = make_bpe("abc", pairs);
    for (int i = 0; i < 20; ++i) {
      std::string piece(generator() % 40, ' ');
      for (char& c : piece) c = "abc"[generator() % 3];
      REQUIRE(encode(bpe, piece) == naive(bpe, piece));
    }
  }
}

TEST_CASE("bpe: a piece of a million bytes is encoded in O(n log n)") {
  const Bpe bpe = make_bpe("a", {{"a", "a"}, {"aa", "aa"}, {"aaaa", "aaaa"}});
  CHECK(encode(bpe, std::string(1'000'000, 'a')) == std::vector<TokenId>(125'000, 3));
}
