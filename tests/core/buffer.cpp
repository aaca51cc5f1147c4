#include "detail/core/buffer.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <new>

TEST_CASE("buffer: is zeroed and aligned to a cache line") {
  for (const std::size_t size : {0u, 1u, 7u, 1000u, 1u << 20}) {
    moe::detail::Buffer<float> buffer(size);
    CHECK(buffer.size() == size);
    CHECK(buffer.bytes() == size * 4);
    CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64 == 0);
    for (const float value : buffer.span()) REQUIRE(value == 0);
  }
}

TEST_CASE("buffer: moving hands over the memory") {
  moe::detail::Buffer<int> a(3);
  a[2] = 5;
  const moe::detail::Buffer<int> b = std::move(a);
  CHECK(b[2] == 5);
  CHECK(a.size() == 0);
}

TEST_CASE("buffer: a size beyond the address space is refused") {
  CHECK_THROWS_AS(moe::detail::Buffer<double>(SIZE_MAX / 4), std::bad_alloc);
}
