// SPDX-License-Identifier: MIT
#include "detail/experts/memory_provider.hpp"
#include "detail/experts/slab_pool.hpp"
#include "detail/io/system.hpp"
#include "support/expert_files.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

using moe::detail::SlabPool;

TEST_CASE("slab pool: slabs do not overlap") {
  for (const std::size_t bytes : {std::size_t{10'000}, std::size_t{3'000'000}}) {
    SlabPool pool;
    for (int sizes = 1; sizes <= 2; ++sizes) {
      std::vector<SlabPool::Slab> slabs;
      for (int i = 0; i < 60; ++i) {
        slabs.push_back(pool.take(bytes));
        std::memset(slabs.back().data(), i, bytes);
      }
      for (std::size_t i = 0; i < slabs.size(); ++i)
        for (std::size_t at = 0; at < bytes; at += 999)
          REQUIRE(slabs[i].data()[at] == static_cast<std::byte>(i));
      (void)pool.take(bytes + 4096);  // another size changes the layout of the arenas that follow
    }
  }
}

TEST_CASE("slab pool: a slab that was returned is handed out again") {
  SlabPool pool;
  std::set<std::byte*> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(pool.take(5'000'000).data());
  CHECK(seen.size() == 1);
}

TEST_CASE("slab pool: slabs whose memory was given back to the system can be used again") {
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

TEST_CASE("slab pool: sizes that are expected together lie in arenas for several sizes") {
  constexpr std::size_t huge = moe::detail::huge_page_bytes, bytes = huge + 4096;
  SlabPool pool;
  pool.expect_all({bytes, 3 * huge, bytes - 1, 100});
  const SlabPool::Slab first = pool.take(bytes), second = pool.take(bytes);
  CHECK(static_cast<std::size_t>(second.data() + bytes - first.data()) % huge == 0);  // a mirrored pair
}

TEST_CASE("slab pool: a MemoryProvider prepares for all its sizes of experts") {
  constexpr std::size_t hidden = 512, width = 1376;  // experts of 4 MiB and 32 KiB, and of twice as much
  ExpertFiles files;
  for (const std::string layer : {"0", "1"}) {
    const std::string dtype = layer == "0" ? "BF16" : "F32", name = "model.layers." + layer + ".mlp.experts.";
    const std::size_t bytes = 2 * hidden * width * (layer == "0" ? 2 : 4);
    files.add_bytes(name + "gate_up_proj", dtype, {2, 2 * width, hidden}, std::string(2 * bytes, '\0'));
    files.add_bytes(name + "down_proj", dtype, {2, hidden, width}, std::string(bytes, '\0'));
  }
  const moe::MemoryProvider provider(files.open("qwen3_5_moe_text", R"("num_hidden_layers": 2)"));
  const moe::ExpertWeights &first = *provider.acquire({0, 0}), &second = *provider.acquire({0, 1});
  const auto distance = static_cast<std::size_t>(second.gate.data + second.bytes() - first.gate.data);
  CHECK(distance % moe::detail::huge_page_bytes == 0);  // a mirrored pair, as in arenas for several sizes
}

TEST_CASE("slab pool: a slab of no bytes is a page") {
  SlabPool pool;
  pool.expect(0, 10);
  pool.reserve(0, 10'000);
  const SlabPool::Slab first = pool.take(0), second = pool.take(0);
  std::memset(first.data(), 1, 4096);
  std::memset(second.data(), 2, 4096);
  CHECK(first.data()[4095] == std::byte{1});
}

TEST_CASE("slab pool: a size that cannot be allocated throws std::bad_alloc, and the pool stays usable") {
  SlabPool pool;
  CHECK_THROWS_AS((void)pool.take(SIZE_MAX), std::bad_alloc);
  CHECK_THROWS_AS((void)pool.take(SIZE_MAX - 4096), std::bad_alloc);
  std::memset(pool.take(100).data(), 1, 100);
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

#if defined(__linux__)
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

std::size_t resident_bytes() {
  std::size_t total_pages = 0, resident_pages = 0;
  std::ifstream("/proc/self/statm") >> total_pages >> resident_pages;
  return resident_pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// Slabs of different sizes, in use up to a budget, as a cache of a model with several sizes of experts uses them.
class MixedSlabs {
 public:
  explicit MixedSlabs(std::size_t budget_bytes) : budget_bytes_(budget_bytes) {}

  /// Returns random slabs until there is room for one of these bytes, takes it and fills it.
  void replace(std::size_t bytes) {
    while (in_use_bytes_ + bytes > budget_bytes_) {
      const std::size_t victim = random_() % slabs_.size();
      in_use_bytes_ -= slabs_[victim].second;
      std::swap(slabs_[victim], slabs_.back());
      slabs_.pop_back();
    }
    slabs_.emplace_back(pool_.take(bytes), bytes);
    std::memset(slabs_.back().first.data(), 1, bytes);
    in_use_bytes_ += bytes;
    known_[slabs_.back().first.data()] = bytes;
  }

  /// Does at once to all slabs, in use or not, what the daemon for huge pages (khugepaged) would do in a few minutes: a range
  /// with at least one page in memory becomes a huge page, unless madvise() has forbidden it.
  void collapse() const {
#if defined(MADV_COLLAPSE)
    constexpr int collapse = MADV_COLLAPSE;
#else
    constexpr int collapse = 25;  // since Linux 6.1
#endif
    constexpr std::size_t huge = moe::detail::huge_page_bytes;
    std::set<std::uintptr_t> ranges;
    for (const auto& [data, bytes] : known_) {
      const auto begin = reinterpret_cast<std::uintptr_t>(data);
      for (std::uintptr_t range = begin / huge * huge; range < begin + bytes; range += huge)
        ranges.insert(range);
    }
    std::vector<unsigned char> pages(huge / static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
    for (const std::uintptr_t range : ranges) {
      auto* const address = reinterpret_cast<void*>(range);
      if (mincore(address, huge, pages.data()) != 0) continue;
      bool any = false;
      for (const unsigned char page : pages) any = any || (page & 1) != 0;
      if (any) (void)madvise(address, huge, collapse);
    }
  }

 private:
  std::size_t budget_bytes_;
  std::size_t in_use_bytes_ = 0;
  SlabPool pool_;
  std::vector<std::pair<SlabPool::Slab, std::size_t>> slabs_;
  std::map<std::byte*, std::size_t> known_;
  std::mt19937 random_{1};
};

/// Fills and refills slabs of four sizes, in long runs of one size and in turn.
void use_mixed_sizes(MixedSlabs& slabs) {
  const std::size_t sizes[] = {100'000, 700'000, 2'700'000, 3'100'000};
  for (const std::size_t bytes : sizes)
    for (int i = 0; i < 300; ++i) slabs.replace(bytes);
  for (std::size_t i = 0; i < 1000; ++i) slabs.replace(sizes[i * i % 7 % 4]);
}

}  // namespace

TEST_CASE("slab pool: slabs of several sizes never take more memory than the budget of slabs in use") {
  const std::size_t before = resident_bytes();
  MixedSlabs slabs(20 * mib);
  use_mixed_sizes(slabs);
  CHECK(resident_bytes() <= before + 22 * mib);
  slabs.collapse();
  CHECK(resident_bytes() <= before + 22 * mib);
}

TEST_CASE("slab pool: unused slabs of several sizes take no memory again while khugepaged runs" *
          doctest::test_suite("long")) {
  const std::size_t before = resident_bytes();
  MixedSlabs slabs(20 * mib);
  use_mixed_sizes(slabs);
  for (int second = 0; second < 20; ++second) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    REQUIRE(resident_bytes() <= before + 22 * mib);
  }
}

TEST_CASE("slab pool: a size that appears late does not let slabs exceed the budget") {
  const std::size_t before = resident_bytes();
  MixedSlabs slabs(20 * mib);
  for (int i = 0; i < 300; ++i) slabs.replace(100'000);
  use_mixed_sizes(slabs);
  slabs.collapse();
  CHECK(resident_bytes() <= before + 24 * mib);
}
#endif
