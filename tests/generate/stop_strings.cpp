// SPDX-License-Identifier: MIT
#include "detail/generate/stop_strings.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using moe::detail::StopStrings;

namespace {

/// The text that StopStrings shows of a text that arrives in these parts, up to a stop string.
std::string shown(StopStrings& stops, const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts)
    if (stops.write(part, true, out)) return out;
  stops.finish(out);
  return out;
}

}  // namespace

TEST_CASE("stop strings: a text ends before the string, however it is cut into parts") {
  const std::string text = "one two three";
  for (std::size_t first = 0; first <= text.size(); ++first)
    for (std::size_t second = first; second <= text.size(); ++second) {
      StopStrings stops({"wo th", "xyz"});
      CHECK(shown(stops, {text.substr(0, first), text.substr(first, second - first), text.substr(second)}) ==
            "one t");
      CHECK(stops.found() == "wo th");
    }
}

TEST_CASE("stop strings: text that may become a string is held back, and released when it cannot") {
  StopStrings stops({"abcd"});
  std::string out;
  CHECK_FALSE(stops.write("xab", true, out));
  CHECK(out == "x");
  CHECK_FALSE(stops.write("c", true, out));
  CHECK(out == "x");
  CHECK_FALSE(stops.write("ab", true, out));
  CHECK(out == "xabc");
  stops.finish(out);
  CHECK(out == "xabcab");
  CHECK(stops.found().empty());
}

TEST_CASE("stop strings: the longest of the strings that end at one byte ends the text") {
  StopStrings stops({"bc", "abc", "c"});
  CHECK(shown(stops, {"xxabc"}) == "xx");
  CHECK(stops.found() == "abc");
}

TEST_CASE("stop strings: the string that ends first ends the text, whatever their order is") {
  StopStrings stops({"abcdef", "cd"});
  CHECK(shown(stops, {"abcdef"}) == "ab");
  CHECK(stops.found() == "cd");
}

TEST_CASE("stop strings: while the text must not stop, a stop string is ordinary text") {
  StopStrings stops({"ab"});
  std::string out;
  CHECK_FALSE(stops.write("xabx", false, out));
  CHECK(out == "xabx");
  CHECK(stops.write("yab", true, out));
  CHECK(out == "xabxy");
}

TEST_CASE("stop strings: without strings, every text is shown at once") {
  StopStrings stops({});
  std::string out;
  CHECK_FALSE(stops.write("abc", true, out));
  CHECK(out == "abc");
}

TEST_CASE("stop strings: text that is held back consists of whole characters") {
  StopStrings stops({"é!"});
  std::string out;
  CHECK_FALSE(stops.write("aé", true, out));
  CHECK(out == "a");
  CHECK_FALSE(stops.write("è", true, out));
  CHECK(out == "aéè");
}

TEST_CASE("stop strings: an empty string and bytes that are no UTF-8 are errors that name the string") {
  check_error([] { StopStrings({"a", ""}); }, {"generate options: stop_strings[1]", "an empty text"});
  check_error([] { StopStrings({"\xff"}); }, {"generate options: stop_strings[0]", "UTF-8"});
}

TEST_CASE("stop strings: the shown text is the text before the first end of a string, on random texts") {
  std::uint32_t state = 7;
  const auto random = [&](std::uint32_t below) {
    state = state * 1664525 + 1013904223;
    return (state >> 16) % below;
  };
  for (int round = 0; round < 500; ++round) {
    std::vector<std::string> strings(1 + random(3));
    for (std::string& string : strings)
      for (std::uint32_t size = 1 + random(5); string.size() < size;)
        string += static_cast<char>('a' + random(2));
    std::string text, out;
    StopStrings stops(strings);
    bool stopped = false;
    while (text.size() < 30 && !stopped) {
      const std::string part(1 + random(3), static_cast<char>('a' + random(2)));
      text += part;
      stopped = stops.write(part, true, out);
    }
    if (!stopped) stops.finish(out);
    std::string expected = text;
    for (std::size_t end = 1; end <= text.size(); ++end) {
      std::size_t longest = 0;
      for (const std::string& string : strings)
        if (std::string_view(text).substr(0, end).ends_with(string))
          longest = std::max(longest, string.size());
      if (longest == 0) continue;
      expected = text.substr(0, end - longest);
      break;
    }
    CHECK(out == expected);
    CHECK(stopped == (expected != text));
  }
}
