#include "detail/core/dtype.hpp"
#include "detail/experts/lru.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/io/pages.hpp"
#include "detail/experts/caching_provider.hpp"
#include "detail/experts/measuring_provider.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/experts/prefetching_provider.hpp"
#include "detail/experts/read_provider.hpp"
#include "detail/experts/verifying_provider.hpp"
#include "experts/contract.hpp"
#include "support/checkpoints.hpp"
#include "support/expected_experts.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

const moe::Checkpoint& checkpoint() {
  static const moe::Checkpoint one(golden("four-shards"));
  return one;
}

/// The smallest provider: acquire() and nothing else; its lease owns what it shows.
class CopyingProvider {
 public:
  explicit CopyingProvider(moe::ExpertCatalog catalog) : catalog_(std::move(catalog)) {}

  struct Lease {
    std::unique_ptr<std::byte[]> memory;
    moe::ExpertWeights weights;
    const moe::ExpertWeights& operator*() const { return weights; }
  };

  Lease acquire(moe::ExpertId id) {
    auto memory = std::make_unique<std::byte[]>(catalog_.at(id).bytes());
    const moe::ExpertWeights weights = catalog_.read(id, memory.get());
    return {std::move(memory), weights};
  }

 private:
  moe::ExpertCatalog catalog_;
};

}  // namespace

TEST_SUITE_BEGIN("threads");

TEST_CASE_TEMPLATE("providers: all keep the contract", Provider, moe::MemoryProvider, moe::MmapProvider,
                   moe::ReadProvider, CopyingProvider) {
  for (const std::string name : {"four-shards", "fused-experts", "odd-sizes"}) {
    const moe::Checkpoint model(golden(name));
    check_provider_contract([&] { return Provider(moe::ExpertCatalog(model)); }, expected_experts(model));
  }
}

TEST_CASE_TEMPLATE("providers: a measuring provider keeps the contract", Inner, moe::MemoryProvider,
                   moe::MmapProvider, CopyingProvider) {
  check_provider_contract([] { return moe::MeasuringProvider(Inner(moe::ExpertCatalog(checkpoint()))); },
                          expected_experts(checkpoint()));
}

TEST_CASE_TEMPLATE("providers: a cache keeps the contract around any other, with and without prefetching",
                   Inner, moe::MemoryProvider, moe::MmapProvider, moe::ReadProvider, CopyingProvider) {
  const ExpectedExperts expected = expected_experts(checkpoint());
  const std::size_t largest =
      moe::detail::Pages::rounded(expected.begin()->second.bytes()) + 3 * moe::detail::Pages::page_bytes;
  for (const std::size_t budget : {2 * largest, 5 * largest, 1000 * largest}) {
    const auto cached = [&] { return moe::CachingProvider(Inner(moe::ExpertCatalog(checkpoint())), budget); };
    check_provider_contract(cached, expected);
    check_provider_contract([&] { return moe::PrefetchingProvider(cached(), 3); }, expected);
  }
}

TEST_CASE("providers: reading directly keeps the contract") {
  const ExpectedExperts expected = expected_experts(checkpoint());
  check_provider_contract([] { return moe::ReadProvider(checkpoint(), {.direct = true}); }, expected);
  check_provider_contract(
      [] {
        return moe::PrefetchingProvider(moe::CachingProvider<moe::ReadProvider, moe::Lru>(
            moe::ReadProvider(checkpoint(), {.direct = true}), 100'000));
      },
      expected);
}

TEST_SUITE_END();

TEST_CASE("read provider: a model without experts has no largest expert, and reserves no memory") {
  moe::ReadProvider provider{moe::Checkpoint(golden("dense-qwen3"))};
  CHECK(provider.largest_bytes() == 0);
  CHECK(provider.catalog().size() == 0);
  provider.reserve(std::size_t{1} << 30);
  CHECK(moe::CachingProvider(std::move(provider), 1).statistics().peak_bytes == 0);
}

TEST_CASE("read provider: largest_bytes() is the most that bytes() returns") {
  for (const bool direct : {false, true}) {
    const moe::ReadProvider provider(checkpoint(), {.direct = direct});
    std::size_t largest = 0;
    for (const moe::ExpertId id : provider.catalog().ids()) largest = std::max(largest, provider.bytes(id));
    CHECK(provider.largest_bytes() == largest);
    CHECK(provider.bytes({99, 0}) == 0);
  }
}

TEST_CASE("verifying provider: wrong weights are an error that names the matrix") {
  const moe::ExpertCatalog catalog(checkpoint());
  moe::ExpertWeights weights = expected_experts(checkpoint()).at({0, 1});
  std::vector<std::byte> wrong(weights.up.data, weights.up.data + weights.up.bytes());
  wrong.back() ^= std::byte{1};
  moe::MemoryProvider memory(catalog);
  const moe::ExpertChecksums checksums(catalog);
  moe::VerifyingProvider right(moe::MemoryProvider(catalog), checksums);
  CHECK(right.try_acquire({0, 1}));
  weights.up.data = wrong.data();
  memory.add({0, 1}, weights);
  moe::VerifyingProvider provider(std::move(memory), checksums);
  check_error([&] { return provider.acquire({0, 1}); }, {"up of expert 1 of layer 0", "CRC-32C"});
  check_error([&] { return provider.try_acquire({0, 1}); }, {"up of expert 1 of layer 0", "CRC-32C"});
  (void)provider.acquire({0, 0});
}

TEST_CASE("memory provider: keeps copies of added weights") {
  std::byte numbers[3 * 4] = {};
  numbers[5] = std::byte{7};
  const moe::ExpertWeights weights{{numbers, moe::DType::f32, 1, 1},
                                   {numbers + 4, moe::DType::f32, 1, 1},
                                   {numbers + 8, moe::DType::f32, 1, 1}};
  moe::MemoryProvider provider;
  provider.add({3, 5}, weights);
  numbers[5] = std::byte{0};
  CHECK((*provider.acquire({3, 5})).up.data[1] == std::byte{7});
  CHECK(provider.bytes({3, 5}) == 12);
  CHECK(provider.bytes({3, 4}) == 0);
  check_error([&] { return provider.acquire({3, 4}); }, {"expert 4 of layer 3"});
}

TEST_CASE("mmap provider: an expert counts as resident once it was acquired") {
  const moe::MmapProvider provider(checkpoint());
  CHECK_FALSE(provider.try_acquire({0, 1}));
  (void)provider.acquire({0, 1});
  CHECK(provider.try_acquire({0, 1}));
  CHECK_FALSE(provider.try_acquire({1, 1}));
}
