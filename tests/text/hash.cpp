// SPDX-License-Identifier: MIT
#include "detail/text/hash.hpp"
#include "support/unmix.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

TEST_CASE("hash: texts that differ in one byte or in their length have different hashes") {
  std::set<std::uint64_t> seen;
  std::size_t texts = 0;
  for (std::size_t size = 0; size < 40; ++size) {
    std::string text(size, 'a');
    seen.insert(moe::detail::hash_bytes(text));
    ++texts;
    for (char& c : text) {
      c = 'b';
      seen.insert(moe::detail::hash_bytes(text));
      ++texts;
      c = 'a';
    }
  }
  CHECK(seen.size() == texts);
}

TEST_CASE("hash: bytes after the end of a text change nothing") {
  const std::string text = "the text and its end";
  for (std::size_t size = 0; size <= text.size(); ++size)
    CHECK(moe::detail::hash_bytes(text.substr(0, size)) ==
          moe::detail::hash_bytes(std::string_view(text).substr(0, size)));
}

TEST_CASE("hash: keyed_hash is SipHash-1-3") {
  // The vectors of the reference implementation: key 00 01 ... 0f, texts 00 01 02 ...
  const moe::detail::HashKey key{0x0706050403020100u, 0x0f0e0d0c0b0a0908u};
  std::string text;
  for (const std::uint64_t expected : {0xabac0158050fc4dcu, 0xc9f49bf37d57ca93u, 0x82cb9b024dc7d44du}) {
    if constexpr (std::endian::native == std::endian::little)
      CHECK(moe::detail::keyed_hash(text, key) == expected);
    text += static_cast<char>(text.size());
  }
}

TEST_CASE("hash: keyed_hash depends on every byte of the text and on both halves of the key") {
  std::set<std::uint64_t> seen;
  std::size_t count = 0;
  for (std::size_t size = 0; size < 40; ++size) {
    std::string text(size, 'a');
    for (std::size_t i = 0; i <= size; ++i) {
      if (i < size) text[i] = 'b';
      for (const moe::detail::HashKey key : {moe::detail::HashKey{1, 2}, {1, 3}, {2, 2}})
        seen.insert(moe::detail::keyed_hash(text, key));
      if (i < size) text[i] = 'a';
      count += 3;
    }
  }
  CHECK(seen.size() == count);
}

TEST_CASE("hash: the unmix() of the tests inverts mix()") {
  for (std::uint64_t x = 1; x != 0; x <<= 1) CHECK(moe::detail::mix(unmix(x)) == x);
}

TEST_CASE("hash: two random keys differ") {
  const moe::detail::HashKey a = moe::detail::random_hash_key(), b = moe::detail::random_hash_key();
  CHECK(a.first != b.first);
  CHECK(a.second != b.second);
}
