// SPDX-License-Identifier: MIT
#include "detail/core/buffer.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

TEST_CASE("buffer: is zeroed and aligned to a cache line") {
  for (const std::size_t size : {0u, 1u, 7u, 1000u, 1u << 20}) {
    moe::detail::Buffer<float> buffer(size);
    CHECK(buffer.size() == size);
    CHECK(buffer.bytes() == size * 4);
    CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64 == 0);
    for (const float value : buffer.span()) REQUIRE(value == 0);
  }
}

TEST_CASE("buffer: a move transfers the memory") {
  moe::detail::Buffer<int> a(3);
  a[2] = 5;
  const moe::detail::Buffer<int> b = std::move(a);
  CHECK(b[2] == 5);
  CHECK(a.size() == 0);
}

TEST_CASE("buffer: a size that overflows in bytes throws bad_alloc") {
  for (const std::size_t size : {SIZE_MAX / 4, SIZE_MAX / 8, SIZE_MAX / 8 - 7, SIZE_MAX})
    CHECK_THROWS_AS(moe::detail::Buffer<double>{size}, std::bad_alloc);
  CHECK_THROWS_AS(moe::detail::Buffer<char>{SIZE_MAX}, std::bad_alloc);
}
