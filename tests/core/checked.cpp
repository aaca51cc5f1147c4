// SPDX-License-Identifier: MIT
#include "detail/core/checked.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

using moe::detail::checked_mul;
using moe::detail::checked_product;

TEST_CASE("checked: a product beyond 64 bits is empty") {
  constexpr std::uint64_t most = ~std::uint64_t{0};
  CHECK(checked_mul(most, 1) == most);
  CHECK(checked_mul(most, 0) == 0);
  CHECK_FALSE(checked_mul(most / 2 + 1, 2));
}

TEST_CASE("checked: a product of several factors is empty if any partial product overflows") {
  using Factors = std::vector<std::uint64_t>;
  CHECK(checked_product(Factors{}) == 1);
  CHECK(checked_product(Factors{3, 5, 0}) == 0);
  CHECK_FALSE(checked_product(Factors{std::uint64_t{1} << 33, std::uint64_t{1} << 33, 0}));
}

TEST_CASE("checked: a size is the product of its factors, or an error that names them") {
  using moe::detail::checked_size;
  CHECK(checked_size("file", "place", {3, 5, 7}) == 105);
  if constexpr (sizeof(std::size_t) > 4)
    CHECK(checked_size("file", "place", {std::uint64_t{1} << 62}) == std::uint64_t{1} << 62);
  else
    check_error([&] { return checked_size("file", "place", {std::uint64_t{1} << 31}); },
                {"at most 2147483647 bytes"});
  for (const std::uint64_t factor : {std::uint64_t{1} << 61, std::uint64_t{1} << 62})
    check_error(
        [&] {
          return checked_size("file", "place", {factor, 4});
        },
        {"file: place", "bytes", std::to_string(factor) + " · 4"});
}
