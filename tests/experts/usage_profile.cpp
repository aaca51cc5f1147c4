// SPDX-License-Identifier: MIT
#include "detail/experts/expert.hpp"
#include "detail/experts/trace.hpp"
#include "detail/io/json_writer.hpp"
#include "detail/experts/usage_profile.hpp"
#include "support/message_of.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

moe::UsageProfile read_profile(const std::string& text) {
  const TemporaryDirectory directory;
  return moe::UsageProfile::read(directory.write("usage.json", text));
}

using ExpertNumbers = std::vector<std::uint32_t>;

moe::UsageProfile example() {
  moe::UsageProfile profile(2, 4);
  const ExpertNumbers first{3, 1}, second{3, 2};
  const std::vector<float> weights{0.75f, 0.25f};
  profile.add({.layer = 1, .experts = first, .weights = weights});
  profile.add({.layer = 1, .experts = second, .weights = weights});
  return profile;
}

}  // namespace

TEST_CASE("usage profile: count and mass of an expert sum up the visits that chose it") {
  const moe::UsageProfile profile = example();
  CHECK(profile.count({1, 3}) == 2);
  CHECK(profile.mass({1, 3}) == 1.5);
  CHECK(profile.count({1, 0}) == 0);
  CHECK(profile.count({0, 3}) == 0);
  CHECK((profile.count(1) == 4 && profile.mass(1) == 2));
}

TEST_CASE("usage profile: the profile of a trace counts all of its visits") {
  moe::Trace trace({"", "", 2, 4, 2});
  const ExpertNumbers experts{3, 1};
  trace.add({.layer = 1, .experts = experts, .weights = std::vector<float>{0.5f, 0.25f}});
  const moe::UsageProfile profile(trace);
  CHECK((profile.layers() == 2 && profile.experts() == 4));
  CHECK(profile.count({1, 3}) == 1);
  CHECK(profile.mass({1, 1}) == 0.25);
}

TEST_CASE("usage profile: the most used experts are ordered by count, then mass, then number") {
  moe::UsageProfile profile(1, 5);
  profile.add({0, 4}, 2, 0.5);
  profile.add({0, 1}, 2, 0.5);
  profile.add({0, 2}, 2, 0.75);
  profile.add({0, 3}, 9, 0.1);
  CHECK(profile.most_used(0, 3) == ExpertNumbers{3, 2, 1});
  CHECK(profile.most_used(0, 100) == ExpertNumbers{3, 2, 1, 4});  // expert 0 was never used
  CHECK(profile.most_used(0, 0).empty());
}

TEST_CASE("usage profile: only profiles of equal shape can be added") {
  moe::UsageProfile sum = example();
  sum += example();
  CHECK((sum.count({1, 3}) == 4 && sum.mass({1, 3}) == 3));
  check_error([&] { sum += moe::UsageProfile(2, 5); },
              {"expected shape [2, 4] of layers and experts, found [2, 5]"});
  check_error([&] { sum += moe::UsageProfile(1, 4); },
              {"expected shape [2, 4] of layers and experts, found [1, 4]"});
}

TEST_CASE("usage profile: an expert out of range is an error") {
  moe::UsageProfile profile(2, 4);
  check_error([&] { return profile.count({2, 0}); }, {"expert 0 of layer 2", "no such expert"});
  check_error([&] { profile.add({0, 4}, 1, 1); }, {"expert 4 of layer 0"});
  check_error([&] { return profile.most_used(2, 1); }, {"layer 2"});
  check_error([] { return moe::UsageProfile(SIZE_MAX, 2); }, {"at most"});
}

TEST_CASE("usage profile: a visit with an expert out of range counts none of its experts") {
  moe::UsageProfile profile(2, 4);
  const ExpertNumbers experts{3, 4};
  check_error([&] { profile.add({.layer = 1, .experts = experts}); }, {"expert 4 of layer 1"});
  CHECK(profile.count({1, 3}) == 0);
}

TEST_CASE("usage profile: a written profile is read back unchanged") {
  moe::UsageProfile profile = example();
  profile.add({0, 2}, 1'000'000'000'000, 1.0 / 3);
  const TemporaryDirectory directory;
  profile.write(directory / "usage.json");
  const moe::UsageProfile again = moe::UsageProfile::read(directory / "usage.json");
  REQUIRE((again.layers() == 2 && again.experts() == 4));
  for (std::uint32_t layer = 0; layer < 2; ++layer)
    for (std::uint32_t expert = 0; expert < 4; ++expert) {
      CHECK(again.count({layer, expert}) == profile.count({layer, expert}));
      CHECK(again.mass({layer, expert}) == profile.mass({layer, expert}));
    }
  CHECK(read_profile(moe::detail::to_json(moe::UsageProfile(0, 0))).layers() == 0);
}

TEST_CASE("usage profile: a mistake in a file is an error that names the place") {
  const auto check_refused = [](const std::string& text, std::initializer_list<std::string_view> parts) {
    CAPTURE(text);
    check_error([&] { return read_profile(text); }, parts);
  };
  const auto with = [](const std::string& counts, const std::string& mass) {
    return R"({"usage_profile": 1, "counts": )" + counts + R"(, "mass": )" + mass + "}";
  };
  CHECK(read_profile(with("[[1, 2]]", "[[0.5, 1]]")).count({0, 1}) == 2);
  check_refused("{}", {"usage.json: $", "usage_profile"});
  check_refused(R"({"usage_profile": 2, "counts": [], "mass": []})",
                {"$.usage_profile", "expected 1", "found 2"});
  check_refused(R"({"usage_profile": 1, "counts": []})", {"mass"});
  check_refused(with("{}", "[]"), {"$.counts", "an array"});
  check_refused(with("[1]", "[1]"), {"$.counts[0]", "an array"});
  check_refused(with("[[1, 2], [3]]", "[[1, 2], [3, 4]]"), {"$.counts[1]", "2 elements", "found 1"});
  check_refused(with("[[1, 2]]", "[[1]]"), {"$.mass[0]", "2 elements"});
  check_refused(with("[[1]]", "[[1], [1]]"), {"$.mass", "1 elements"});
  check_refused(with("[[-1]]", "[[1]]"), {"$.counts[0][0]", "whole number"});
  check_refused(with("[[1.5]]", "[[1]]"), {"$.counts[0][0]", "whole number"});
  check_refused(with("[[9007199254740992]]", "[[1]]"), {"$.counts[0][0]", "9007199254740991"});
  check_refused(with("[[1]]", "[[-0.5]]"), {"$.mass[0][0]", "not negative"});
  check_refused(with("[[1]]", "[[1e999]]"), {"$.mass[0][0]"});
  check_refused(with("[[1]]", "[[null]]"), {"$.mass[0][0]", "a number"});
}

TEST_CASE("usage profile: the ranking holds the chosen experts of all layers") {
  moe::UsageProfile profile(2, 3);
  profile.add({1, 2}, 5, 1.0);
  profile.add({0, 1}, 7, 1.0);
  profile.add({1, 0}, 5, 2.0);
  CHECK(profile.ranking() == std::vector<moe::ExpertId>{{0, 1}, {1, 0}, {1, 2}});
  CHECK(moe::UsageProfile(2, 3).ranking().empty());
}

TEST_CASE("usage profile: a trace of one row with large numbers is refused instead of filling memory") {
  moe::Trace trace;
  const std::uint32_t last[] = {65535};
  trace.add({.layer = 4095, .experts = last});
  check_error([&] { return moe::UsageProfile(trace); }, {"experts of all layers", "4096 times 65536"});
}

TEST_CASE("usage profile: rows of different lengths are refused before memory is taken for all of them") {
  std::string counts = "[[0";
  for (int i = 1; i < 2000; ++i) counts += ", 0";
  counts += ']';
  for (int i = 1; i < 1000; ++i) counts += ", []";
  counts += ']';
  check_error(
      [&] {
        return read_profile(R"({"usage_profile": 1, "mass": )" + counts + R"(, "counts": )" + counts + '}');
      },
      {"$.counts[1]", "2000 elements", "found 0"});
}
