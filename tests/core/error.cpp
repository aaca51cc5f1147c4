#include "detail/core/error.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_CASE("error: says file, place, what was expected and what was found") {
  CHECK_THROWS_WITH_AS(moe::fail("a.json", "$.x", "a number", "a string"),
                       "a.json: $.x: expected a number, found a string", moe::Error);
  CHECK_NOTHROW(moe::expect(true, "a", "b", "c", "d"));
  CHECK_THROWS_AS(moe::expect(false, "a", "b", "c", "d"), std::runtime_error);
}

TEST_CASE("error: texts are put together from strings, characters and numbers") {
  CHECK(moe::detail::concat("a", 'b', 1, std::string("c"), 18446744073709551615u) ==
        "ab1c18446744073709551615");
  CHECK(moe::detail::concat_list(std::vector<int>{1, 2}) == "[1, 2]");
  CHECK(moe::detail::concat_list(std::vector<int>{}) == "[]");
}
