#include "detail/core/checked.hpp"

#include <doctest/doctest.h>

#include <vector>

using moe::detail::checked_add;
using moe::detail::checked_mul;
using moe::detail::checked_product;

TEST_CASE("checked: arithmetic stops where 64 bits end") {
  constexpr std::uint64_t most = ~std::uint64_t{0};
  CHECK(checked_add(most - 1, 1) == most);
  CHECK_FALSE(checked_add(most, 1));
  CHECK(checked_mul(most, 1) == most);
  CHECK(checked_mul(most, 0) == 0);
  CHECK_FALSE(checked_mul(most / 2 + 1, 2));
}

TEST_CASE("checked: a product knows of every overflow on its way") {
  using Factors = std::vector<std::uint64_t>;
  CHECK(checked_product(Factors{}) == 1);
  CHECK(checked_product(Factors{3, 5, 0}) == 0);
  CHECK_FALSE(checked_product(Factors{std::uint64_t{1} << 33, std::uint64_t{1} << 33, 0}));
}
