#include "detail/experts/slab_pool.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <set>
#include <vector>

using moe::detail::SlabPool;

TEST_CASE("slab pool: slabs do not overlap, and hold what is written to them") {
  SlabPool pool;
  std::vector<SlabPool::Slab> slabs;
  for (int i = 0; i < 100; ++i) {
    slabs.push_back(pool.take(10'000));
    std::memset(slabs.back().data(), i, 10'000);
  }
  for (std::size_t i = 0; i < slabs.size(); ++i)
    for (std::size_t at = 0; at < 10'000; at += 999) CHECK(slabs[i].data()[at] == static_cast<std::byte>(i));
}

TEST_CASE("slab pool: what was given back is taken again") {
  SlabPool pool;
  std::set<std::byte*> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(pool.take(5'000'000).data());
  CHECK(seen.size() == 1);
}

TEST_CASE("slab pool: free slabs of one size make room for those of another, and can be used again") {
  SlabPool pool;
  for (int round = 0; round < 3; ++round)
    for (const std::size_t bytes : {4096u, 100'000u, 70'000'000u}) {
      const SlabPool::Slab first = pool.take(bytes), second = pool.take(bytes);
      CHECK(first.data() != second.data());
      std::memset(first.data(), 1, bytes);
      std::memset(second.data(), 2, bytes);
      CHECK(first.data()[bytes - 1] == std::byte{1});
    }
}

TEST_CASE("slab pool: a slab moves with its memory") {
  SlabPool pool;
  SlabPool::Slab slab = pool.take(100);
  std::byte* const data = slab.data();
  SlabPool::Slab moved = std::move(slab);
  CHECK(moved.data() == data);
  moved = pool.take(100);
  CHECK(moved.data() != data);
}
