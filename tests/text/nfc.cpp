// SPDX-License-Identifier: MIT
#include "detail/core/utf8.hpp"
#include "detail/text/canonical_forms.hpp"
#include "detail/text/nfc.hpp"
#include "support/watchdog.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <random>
#include <string>
#include <utility>

using moe::detail::canonical_forms;
using moe::detail::nfc;

namespace {

std::string utf8(const std::u32string& text) {
  std::string out;
  for (const char32_t c : text) moe::detail::append_utf8(out, c);
  return out;
}

/// The definition of the Unicode standard: decompose, exchange neighbours that are out of order, then try to compose every
/// character with the last starter before it.
std::u32string naive_nfc(const std::u32string& text) {
  const auto& forms = canonical_forms();
  const auto rank = [&](char32_t c) { return forms.combining_class(c); };
  std::u32string out;
  for (const char32_t c : text) forms.decompose(c, out);
  for (bool again = true; again;) {
    again = false;
    for (std::size_t i = 1; i < out.size(); ++i) {
      if (rank(out[i]) == 0 || rank(out[i - 1]) <= rank(out[i])) continue;
      std::swap(out[i - 1], out[i]);
      again = true;
    }
  }
  for (std::size_t i = 1; i < out.size(); ++i) {
    std::size_t starter = i;
    bool blocked = false;
    while (starter-- > 0 && rank(out[starter]) != 0) blocked |= rank(out[starter]) >= rank(out[i]);
    if (starter > i || blocked || (starter + 1 != i && rank(out[i]) == 0)) continue;
    const char32_t composed = forms.compose(out[starter], out[i]);
    if (composed == 0) continue;
    out[starter] = composed;
    out.erase(i--, 1);
  }
  return out;
}

std::u32string random_text(std::mt19937& generator) {
  static const std::u32string pool =
      U"aeouAE "
      U"qÅ\u0300\u0301\u0308\u030a\u0323\u0327\u0338\u0344\u0345\u212b\u2126\u1e69\u0958\u09c7\u09be\u1100"
      U"\u1161"
      U"\u11a8가각\u3099か\u0f71\u0f72\u0f73\ufb1f\U0001d15e中\U0001e94a";
  std::u32string text(generator() % 10, U' ');
  for (char32_t& c : text) c = pool[generator() % pool.size()];
  return text;
}

}  // namespace

TEST_CASE("nfc: a letter and its marks become one character") {
  CHECK(nfc("e\u0301") == "é");
  CHECK(nfc("s\u0323\u0307") == "\u1e69");
  CHECK(nfc("s\u0307\u0323") == "\u1e69");
}

TEST_CASE("nfc: a duplicate character becomes its canonical equivalent") {
  CHECK(nfc("\u212b\u2126") == "ÅΩ");
  CHECK(nfc("\uf900") == "\u8c48");
}

TEST_CASE("nfc: a composed character is decomposed if a mark of a lower class follows") {
  CHECK(nfc("é\u0323") == "\u1eb9\u0301");
}

TEST_CASE("nfc: characters excluded from composition stay decomposed") {
  CHECK(nfc("\u0958") == "\u0915\u093c");
  CHECK(nfc("\u0344") == "\u0308\u0301");
}

TEST_CASE("nfc: Hangul syllables are composed") {
  CHECK(nfc("\u1112\u1161\u11ab\u1100\u1173\u11af") == "한글");
  CHECK(nfc("가\u11a8") == "각");
  CHECK(nfc("각\u11a8") == "각\u11a8");
}

TEST_CASE("nfc: characters newer than Unicode 9.0 do not change") {
  CHECK(nfc("\U00011935\U00011930") == "\U00011935\U00011930");  // composed since Unicode 13
  CHECK(nfc("a\u08d3\u0301") == "a\u08d3\u0301");                // U+08D3 is a mark since Unicode 11
}

TEST_CASE("nfc: invalid bytes of UTF-8 stay, and nothing is composed across them") {
  CHECK(nfc("e\xff\u0301") == "e\xff\u0301");
  CHECK(nfc("\xcc") == "\xcc");
  CHECK(nfc("e\u0301\xe4\xb8") == "é\xe4\xb8");
}

TEST_CASE("nfc: results are as by definition, on random texts") {
  std::mt19937 generator(1);
  for (int i = 0; i < 20'000; ++i) {
    const std::u32string text = random_text(generator);
    REQUIRE(nfc(utf8(text)) == utf8(naive_nfc(text)));
  }
}

TEST_CASE("nfc: is_surely_nfc() is never true for a text that changes") {
  std::mt19937 generator(2);
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = utf8(random_text(generator));
    if (moe::detail::is_surely_nfc(text)) REQUIRE(nfc(text) == text);
  }
}

TEST_CASE("nfc: a run of 750,000 marks is normalized in O(n log n)") {
  const Watchdog watchdog(std::chrono::seconds(60));
  std::string marks = "a", expected = "a";
  for (int i = 0; i < 250'000; ++i) marks += "\u0335\u0334\u0316";
  for (int i = 0; i < 250'000; ++i) expected += "\u0335\u0334";
  for (int i = 0; i < 250'000; ++i) expected += "\u0316";
  CHECK(nfc(marks) == expected);
}

TEST_CASE("nfc: a starter before 500,000 marks that do not combine with it is normalized in linear time") {
  const Watchdog watchdog(std::chrono::seconds(60));
  std::string marks = "a";
  for (int i = 0; i < 500'000; ++i) marks += "\u0334";
  CHECK(nfc(marks) == marks);
  std::string syllables;
  for (int i = 0; i < 500'000; ++i)
    syllables += "\u1161";  // vowels of Hangul, which combine only with a lead
  CHECK(nfc(syllables) == syllables);
}
