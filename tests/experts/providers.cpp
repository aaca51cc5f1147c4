// SPDX-License-Identifier: MIT
#include "detail/core/concat.hpp"
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
#include "support/expert_files.hpp"
#include "support/expert_layouts.hpp"

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

/// A provider that has acquire() and no other member; a lease owns a copy of the weights.
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

/// Checkpoints of one layer whose experts are converted when they are read, and one without gates and conversion.
std::vector<moe::Checkpoint> other_layouts() {
  static const std::vector<moe::Checkpoint> all = [] {
    static ExpertFiles transposed, mxfp4, fp8, two_matrices;
    add_transposed_experts(transposed, 5, 70, 66, true);
    add_mxfp4_experts(mxfp4, 5, 64, 96);
    add_fp8_experts(fp8, 5, 64, 96);
    add_two_matrix_experts(two_matrices, 5, 64, 96);
    return std::vector{
        transposed.open("gpt_oss"),
        mxfp4.open("gpt_oss", R"("num_hidden_layers": 1, "quantization_config": {"quant_method": "mxfp4"})"),
        fp8.open("qwen3_moe", fp8_config + "[32, 32]}"), two_matrices.open("nemotron_h", nemotron_config)};
  }();
  return all;
}

/// Acquires expert {0, 1} from a VerifyingProvider around a provider that has `weights` for this expert.
void acquire_verified(const moe::ExpertCatalog& catalog, const moe::ExpertWeights& weights) {
  moe::MemoryProvider memory(catalog);
  memory.add({0, 1}, weights);
  moe::VerifyingProvider provider(std::move(memory), moe::ExpertChecksums(catalog));
  provider.acquire({0, 1});
}

}  // namespace

TEST_SUITE_BEGIN("threads");

TEST_CASE_TEMPLATE("providers: all keep the contract with experts in other layouts", Provider,
                   moe::MemoryProvider, moe::MmapProvider, moe::ReadProvider, CopyingProvider) {
  for (const moe::Checkpoint& model : other_layouts()) {
    const DecodedExperts expected(model);
    check_provider_contract([&] { return Provider(moe::ExpertCatalog(model)); }, expected.experts());
    const moe::ExpertChecksums checksums{moe::ExpertCatalog(model)};
    check_provider_contract(
        [&] { return moe::VerifyingProvider(Provider(moe::ExpertCatalog(model)), checksums); },
        expected.experts());
  }
}

TEST_CASE("providers: direct reads and caches keep the contract with experts in other layouts") {
  for (const moe::Checkpoint& model : other_layouts()) {
    const DecodedExperts expected(model);
    const auto reading = [&] { return moe::ReadProvider(model, {.direct = true}); };
    check_provider_contract(reading, expected.experts());
    check_provider_contract(
        [&] { return moe::PrefetchingProvider(moe::CachingProvider(reading(), 200'000), 3); },
        expected.experts());
    check_provider_contract([&] { return moe::CachingProvider(moe::MmapProvider(model), 100'000); },
                            expected.experts());
  }
}

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

TEST_CASE("verifying provider: weights of another type, with the right bytes, are an error") {
  const moe::ExpertCatalog catalog(checkpoint());
  moe::ExpertWeights weights = expected_experts(checkpoint()).at({0, 1});
  const std::string right = moe::detail::concat('[', weights.down.rows, ", ", weights.down.cols, "] bf16");
  REQUIRE(weights.down.dtype == moe::DType::bf16);
  weights.down.dtype = moe::DType::f16;
  check_error([&] { return acquire_verified(catalog, weights); },
              {"down of expert 1 of layer 0: expected " + right + ", as in ", "] f16"});
}

TEST_CASE("verifying provider: a bias that the expert does not have is an error") {
  const moe::ExpertCatalog catalog(checkpoint());
  moe::ExpertWeights weights = expected_experts(checkpoint()).at({0, 1});
  weights.down_bias = {weights.down.data, moe::DType::bf16, weights.down.rows};
  check_error([&] { return acquire_verified(catalog, weights); },
              {"down bias of expert 1 of layer 0: expected none, as in ", "found [1, "});
}

TEST_CASE("read provider: bytes() of converted weights is their size in memory") {
  for (const moe::Checkpoint& model : other_layouts()) {
    const moe::ReadProvider provider(model, {.direct = true});
    const moe::ExpertLocation& expert = provider.catalog().at({0, 1});
    if (!expert.is_plain()) CHECK(provider.bytes({0, 1}) == moe::detail::Pages::rounded(expert.bytes()));
  }
}

TEST_CASE("read provider: one call reads neighbouring ranges of a file, and shared bytes only once") {
  const moe::Checkpoint gpt_oss = other_layouts()[0], nemotron = other_layouts()[3];
  for (const auto& [model, reads] : {std::pair{gpt_oss, 4u}, {nemotron, 1u}}) {
    moe::ReadProvider provider(model);
    (void)provider.acquire({0, 1});
    CHECK(provider.statistics().reads <= reads);
    const moe::ExpertLocation& expert = provider.catalog().at({0, 1});
    CHECK(provider.statistics().bytes >= expert.stored_bytes());
  }
}

TEST_CASE("verifying provider: a wrong bias is an error that names the bias") {
  const moe::ExpertCatalog catalog(other_layouts()[1]);
  const DecodedExperts decoded(other_layouts()[1]);
  moe::ExpertWeights weights = decoded.experts().at({0, 2});
  std::vector<std::byte> wrong(weights.down_bias.data, weights.down_bias.data + weights.down_bias.bytes());
  wrong.back() ^= std::byte{1};
  weights.down_bias.data = wrong.data();
  moe::MemoryProvider memory(catalog);
  memory.add({0, 2}, weights);
  moe::VerifyingProvider provider(std::move(memory), moe::ExpertChecksums(catalog));
  check_error([&] { return provider.acquire({0, 2}); }, {"down bias of expert 2 of layer 0", "CRC-32C"});
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
  check_error(
      [&] {
        return provider.acquire({3, 4});
      },
      {"expert 4 of layer 3: expected one of the 1 experts in memory, found no such expert"});
}

TEST_CASE("mmap provider: an expert counts as resident once it was acquired") {
  const moe::MmapProvider provider(checkpoint());
  CHECK_FALSE(provider.try_acquire({0, 1}));
  (void)provider.acquire({0, 1});
  CHECK(provider.try_acquire({0, 1}));
  CHECK_FALSE(provider.try_acquire({1, 1}));
}

TEST_CASE("mmap provider: an expert that is converted for each lease is never resident") {
  const moe::MmapProvider provider(other_layouts()[1]);
  (void)provider.acquire({0, 1});
  CHECK_FALSE(provider.try_acquire({0, 1}));
}
