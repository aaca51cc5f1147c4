#include "detail/core/heap.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace {

bool less(int a, int b) { return a < b; }

std::vector<int> random_numbers(std::mt19937& random, std::size_t count) {
  std::vector<int> numbers(count);
  for (int& number : numbers) number = static_cast<int>(random() % 50);  // many are equal
  return numbers;
}

}  // namespace

TEST_CASE("heap: numbers leave in falling order, whether they were there or were added") {
  std::mt19937 random(1);
  for (std::size_t count = 1; count < 70; ++count) {
    const std::vector<int> numbers = random_numbers(random, count);
    std::vector<int> made = numbers, grown = numbers, expected = numbers;
    std::sort(expected.begin(), expected.end());
    moe::detail::make_heap(made.data(), count, less);
    for (std::size_t n = 1; n <= count; ++n) moe::detail::push_heap(grown.data(), n, less);
    for (std::size_t n = count; n > 0; --n) {
      moe::detail::pop_heap(made.data(), n, less);
      moe::detail::pop_heap(grown.data(), n, less);
    }
    CHECK(made == expected);
    CHECK(grown == expected);
  }
}

TEST_CASE("heap: a comparison that contradicts itself moves nothing out of the heap") {
  std::mt19937 random(2);
  std::vector<int> numbers = random_numbers(random, 100), expected = numbers;
  const auto any = [&](int, int) { return random() % 2 == 0; };
  moe::detail::make_heap(numbers.data(), numbers.size(), any);
  for (std::size_t n = numbers.size(); n > 0; --n) moe::detail::pop_heap(numbers.data(), n, any);
  std::sort(numbers.begin(), numbers.end());
  std::sort(expected.begin(), expected.end());
  CHECK(numbers == expected);
}
