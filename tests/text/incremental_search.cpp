// SPDX-License-Identifier: MIT
#include "detail/text/incremental_search.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using moe::detail::IncrementalSearch;

namespace {

/// The index of the longest text that `read` ends with, by definition.
std::optional<std::size_t> expected_match(const std::vector<std::string>& texts, std::string_view read) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < texts.size(); ++i)
    if (read.ends_with(texts[i]) && (!found || texts[i].size() > texts[*found].size())) found = i;
  return found;
}

/// The length of the longest end of `read` that is a proper prefix of a text, by definition.
std::size_t expected_held(const std::vector<std::string>& texts, std::string_view read) {
  std::size_t most = 0;
  for (const std::string& text : texts)
    for (std::size_t size = 1; size < text.size(); ++size)
      if (read.ends_with(std::string_view(text).substr(0, size))) most = std::max(most, size);
  return most;
}

}  // namespace

TEST_CASE("incremental search: matches and held bytes are as by definition, on random texts") {
  std::uint32_t state = 1;
  const auto random = [&](std::uint32_t below) {
    state = state * 1664525 + 1013904223;
    return (state >> 16) % below;
  };
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> texts(1 + random(4));
    for (std::string& text : texts)
      for (std::uint32_t size = 1 + random(6); text.size() < size;)
        text += static_cast<char>('a' + random(2));
    IncrementalSearch search(texts);
    std::string read;
    for (int i = 0; i < 60; ++i) {
      read += static_cast<char>('a' + random(2));
      const std::optional<std::size_t> found = search.step(read.back()),
                                       expected = expected_match(texts, read);
      CHECK(found.has_value() == expected.has_value());
      if (found && expected) CHECK(search.text(*found) == texts[*expected]);
      CHECK(search.held() == expected_held(texts, read));
    }
  }
}

TEST_CASE("incremental search: after reset() earlier bytes are forgotten") {
  IncrementalSearch search({"ab"});
  CHECK_FALSE(search.step('a'));
  CHECK(search.held() == 1);
  search.reset();
  CHECK(search.held() == 0);
  CHECK_FALSE(search.step('b'));
}

TEST_CASE("incremental search: periodic texts of 100,000 bytes take linear time") {
  const std::string periodic(100000, 'a');
  IncrementalSearch search({periodic + 'b'});
  for (int i = 0; i < 20; ++i)
    for (const char byte : periodic) (void)search.step(byte);
  CHECK(search.held() == periodic.size());
}
