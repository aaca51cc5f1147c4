// SPDX-License-Identifier: MIT
#include "detail/core/concat.hpp"
#include "detail/core/dequantise.hpp"
#include "detail/core/dtype.hpp"
#include "detail/experts/any_provider.hpp"
#include "detail/experts/caching_provider.hpp"
#include "detail/experts/fallback_provider.hpp"
#include "detail/experts/lossy.hpp"
#include "detail/experts/measuring_provider.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/experts/prefetching_provider.hpp"
#include "detail/experts/read_provider.hpp"
#include "detail/experts/zero_provider.hpp"
#include "detail/io/checkpoint.hpp"
#include "experts/contract.hpp"
#include "support/checkpoints.hpp"
#include "support/comes_true.hpp"
#include "support/expected_experts.hpp"
#include "support/message_of.hpp"
#include "support/quantised_experts.hpp"
#include "support/recording_provider.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using Recorded = RecordingProvider::Shared;

const moe::Checkpoint& exact_checkpoint() {
  static const moe::Checkpoint one(golden("plain-f32"));
  return one;
}

/// Experts as q8_0, which tests can make absent or unreadable. Records the last announcement.
struct SmallProvider {
  const moe::ExpertWeights* acquire(moe::ExpertId id) {
    if (failing) moe::detail::fail("small copies", "byte 0", "to read", "Input/output error");
    return experts.acquire(id);
  }
  std::optional<const moe::ExpertWeights*> try_acquire(moe::ExpertId id) {
    if (!resident) return {};
    return acquire(id);
  }
  void hint(const moe::Announcement& announcement) noexcept {
    announced.assign(announcement.ids.begin(), announcement.ids.end());
  }

  moe::MemoryProvider experts = quantised_experts(exact_checkpoint(), moe::DType::q8_0);
  bool resident = true, failing = false;
  std::vector<moe::ExpertId> announced = {};
};

/// A FallbackProvider around a provider that records how it is used.
struct Fallback {
  explicit Fallback(const moe::FallbackOptions& options = {.threshold = 0.25f, .fetch_exact = false})
      : experts(RecordingProvider(shared), SmallProvider(), options) {}

  /// Announces experts of one token whose weights sum up to 1.
  void choose(const std::vector<moe::ExpertId>& ids, const std::vector<float>& weights) {
    experts.hint({.ids = ids, .weights = weights, .total_weight = 1});
  }

  std::shared_ptr<Recorded> shared = std::make_shared<Recorded>(moe::ExpertCatalog(exact_checkpoint()));
  moe::FallbackProvider<RecordingProvider, SmallProvider> experts;
};

const moe::ExpertId light{1, 2}, heavy{1, 3};

bool is_small(const moe::AnyProvider::Lease& lease) { return (*lease).up.dtype == moe::DType::q8_0; }

bool is_resident(Recorded& shared, moe::ExpertId id) {
  const std::lock_guard lock(shared.mutex);
  return shared.resident.contains(id);
}

/// Checks that a FallbackProvider keeps the contract of providers around several exact providers, and that all experts are
/// exact.
void check_contracts(const moe::FallbackOptions& options) {
  const moe::ExpertCatalog catalog(exact_checkpoint());
  const ExpectedExperts expected = expected_experts(exact_checkpoint());
  const std::size_t budget_bytes = 6 * (catalog[0].bytes() + 4096);
  const auto around = [&](auto exact) {
    return moe::FallbackProvider(std::move(exact), SmallProvider(), options);
  };
  const auto cache = [&] { return moe::CachingProvider(moe::ReadProvider(catalog), budget_bytes); };
  check_provider_contract([&] { return around(moe::MemoryProvider(catalog)); }, expected);
  check_provider_contract([&] { return around(moe::MmapProvider(catalog)); }, expected);
  check_provider_contract([&] { return around(moe::ReadProvider(catalog)); }, expected);
  check_provider_contract([&] { return around(cache()); }, expected);
  check_provider_contract([&] { return around(moe::PrefetchingProvider(cache(), 2)); }, expected);
  check_provider_contract([&] { return around(moe::AnyProvider(moe::MeasuringProvider(cache()))); },
                          expected);
  check_provider_contract([&] { return moe::PrefetchingProvider(around(cache()), 2); }, expected);
  check_provider_contract([&] { return moe::MeasuringProvider(around(moe::PrefetchingProvider(cache()))); },
                          expected);
  check_provider_contract([&] { return around(around(cache())); }, expected);
}

}  // namespace

TEST_SUITE_BEGIN("threads");

TEST_CASE("fallback: a provider without a threshold keeps the contract around and within other adapters") {
  check_contracts({});
}

TEST_CASE("fallback: a provider with a threshold keeps the contract while no announcement states a total") {
  check_contracts({.threshold = 0.75f});
}

TEST_CASE("fallback: exact experts that were replaced are acquired in the background") {
  Fallback f({.threshold = 0.25f});
  f.choose({light, heavy}, {0.2f, 0.8f});
  CHECK(comes_true([&] { return is_resident(*f.shared, light); }));
  CHECK_FALSE(is_resident(*f.shared, heavy));
  CHECK(comes_true([&] { return f.shared->leases == 0; }));
  f.choose({light, heavy}, {0.2f, 0.8f});
  CHECK_FALSE(is_small(f.experts.acquire(light)));
}

TEST_CASE("fallback: errors of a background acquire are forgotten") {
  Fallback f({.threshold = 0.25f});
  f.shared->failing = true;
  f.choose({light}, {0.2f});
  CHECK(is_small(f.experts.acquire(light)));
  f.shared->failing = false;
  CHECK_FALSE(is_small(f.experts.acquire(heavy)));
}

TEST_CASE("fallback: an expert that one thread announced with little weight is exact for other threads") {
  Fallback f;
  f.choose({light}, {0.2f});
  bool small_elsewhere = true;
  std::thread([&] { small_elsewhere = is_small(f.experts.acquire(light)); }).join();
  CHECK_FALSE(small_elsewhere);
}

TEST_SUITE_END();

TEST_CASE("fallback: a missing expert below the threshold is the small copy, and all others are exact") {
  Fallback f;
  const moe::ExpertId resident{1, 4};
  (void)f.experts.acquire(resident);
  CHECK_FALSE(f.experts.try_acquire(light));
  f.choose({light, heavy, resident}, {0.2f, 0.25f, 0.1f});
  const auto small = f.experts.try_acquire(light);
  REQUIRE(small);
  CHECK(is_small(*small));
  CHECK_FALSE(f.experts.try_acquire(heavy));
  CHECK_FALSE(is_small(f.experts.acquire(heavy)));
  CHECK_FALSE(is_small(f.experts.acquire(resident)));
}

TEST_CASE("fallback: leases of small copies are counted with their share of the weight") {
  Fallback f;
  f.experts.hint({.ids = {&light, 1}, .weights = std::vector{0.3f}, .total_weight = 2});
  (void)f.experts.acquire(light);
  (void)f.experts.acquire(heavy);
  const moe::FallbackStatistics counts = f.experts.statistics();
  CHECK(counts.small_copies == 1);
  CHECK(counts.exact == 1);
  CHECK(counts.small_weight == doctest::Approx(0.15));
  CHECK(counts.small_share(3) == doctest::Approx(0.05));
  CHECK(counts.small_share(0) == 0);
}

TEST_CASE("fallback: an announcement with little weight permits one lease of a small copy") {
  Fallback f;
  f.choose({light}, {0.2f});
  CHECK(is_small(f.experts.acquire(light)));
  CHECK_FALSE(is_small(f.experts.acquire(light)));
  f.choose({{1, 5}}, {0.2f});
  f.choose({{1, 6}}, {0.2f});
  CHECK_FALSE(is_small(f.experts.acquire({1, 5})));
}

TEST_CASE("fallback: experts are exact if weights or their total are unknown, and for prompts") {
  using enum moe::Announcement::Kind;
  const std::vector<float> weights{0.01f};
  for (const moe::Announcement& announcement :
       {moe::Announcement{.ids = {&light, 1}, .total_weight = 1},
        moe::Announcement{.ids = {&light, 1}, .weights = weights},
        moe::Announcement{.ids = {&light, 1}, .weights = weights, .kind = prefill, .total_weight = 1},
        moe::Announcement{.ids = {&light, 1}, .weights = weights, .kind = predicted, .total_weight = 1}}) {
    Fallback f;
    f.experts.hint(announcement);
    CHECK_FALSE(is_small(f.experts.acquire(light)));
  }
}

TEST_CASE("fallback: each provider gets announcements of the experts that it will deliver") {
  Fallback f;
  f.choose({light, heavy}, {0.2f, 0.8f});
  REQUIRE(f.shared->announcements.size() == 1);
  CHECK(f.shared->announcements[0].ids == std::vector{heavy});
  CHECK(f.shared->announcements[0].weights == std::vector{0.8f});
  CHECK(f.experts.small_copies().announced == std::vector{light});
}

TEST_CASE("fallback: a small copy that is not resident is read when it is acquired") {
  Fallback f;
  f.experts.small_copies().resident = false;
  f.choose({light}, {0.2f});
  CHECK_FALSE(f.experts.try_acquire(light));
  CHECK(is_small(f.experts.acquire(light)));
}

TEST_CASE("fallback: an exact expert that arrived after the announcement is preferred to its small copy") {
  Fallback f;
  f.choose({light}, {0.2f});
  f.experts.inner().load(light, moe::Announcement::Kind::chosen);
  CHECK_FALSE(is_small(f.experts.acquire(light)));
}

TEST_CASE("fallback: errors of the small copies are thrown, and are not stored") {
  Fallback f;
  f.experts.small_copies().failing = true;
  for (int round = 0; round < 2; ++round) {
    f.choose({light}, {0.2f});
    check_error([&] { return f.experts.acquire(light); }, {"small copies", "Input/output error"});
  }
  f.experts.small_copies().failing = false;
  f.choose({light}, {0.2f});
  CHECK(is_small(f.experts.acquire(light)));
}

TEST_CASE("fallback: after an error of a small copy no expert is light before the next announcement") {
  Fallback f;
  f.experts.small_copies().failing = true;
  f.choose({light, heavy}, {0.2f, 0.8f});
  CHECK_THROWS(f.experts.acquire(light));
  f.experts.small_copies().failing = false;
  CHECK_FALSE(f.experts.try_acquire(light));  // the next token may give this expert a large weight
  CHECK_FALSE(is_small(f.experts.acquire(light)));
}

TEST_CASE("fallback: the exact provider states the sizes and the catalog, and gets the loads") {
  Fallback f;
  moe::AnyProvider any(std::move(f.experts));
  CHECK(any.bytes({0, 1}) == f.shared->catalog[1].bytes() + 64);
  CHECK(any.largest_bytes() == f.shared->catalog[0].bytes() + 64);
  CHECK(any.catalog() == &f.shared->catalog);
  any.load(light, moe::Announcement::Kind::chosen);
  CHECK(is_resident(*f.shared, light));
}

TEST_CASE("fallback: small copies of another model are refused by the property that differs") {
  const auto with_small = [](const std::string& name) {
    return [name] {
      return moe::FallbackProvider(moe::MmapProvider(moe::ExpertCatalog(exact_checkpoint())),
                                   moe::MmapProvider(moe::Checkpoint(golden(name))));
    };
  };
  CHECK(message_of(with_small("plain-f32")).empty());
  CHECK(message_of(with_small("plain-bf16")).empty());
  check_error(with_small("one-expert"), {"one-expert", "as in", "plain-f32"});
  check_error(with_small("odd-sizes"), {"odd-sizes", "as in", "plain-f32"});
  check_error(with_small("mixtral-odd"), {"mixtral-odd", "as in", "plain-f32"});
}

TEST_CASE("fallback: an adapter around small copies is marked as lossy") {
  using Lossy = moe::FallbackProvider<moe::MemoryProvider, moe::MemoryProvider>;
  static_assert(moe::detail::is_lossy<Lossy>());
  static_assert(moe::detail::is_lossy<moe::MeasuringProvider<moe::PrefetchingProvider<Lossy>>>());
  static_assert(!moe::detail::is_lossy<moe::MeasuringProvider<moe::MemoryProvider>>());
}

TEST_CASE("zero provider: every expert has the shape of the checkpoint's expert, and only zeros") {
  for (const std::string name : {"plain-f32", "odd-sizes", "gpt-oss-bf16", "nemotron-latent", "glm4-moe"}) {
    CAPTURE(name);
    const moe::ExpertCatalog catalog{moe::Checkpoint(golden(name))};
    const moe::ZeroProvider zeros(catalog);
    for (const moe::ExpertId id : catalog.ids()) {
      const auto expected = moe::detail::parts_of(catalog.at(id));
      const auto found = moe::detail::parts_of(*zeros.acquire(id));
      for (std::size_t part = 0; part < expected.size(); ++part) {
        REQUIRE(found[part].rows == expected[part]->rows);
        if (found[part].rows == 0) continue;
        REQUIRE(found[part].cols == expected[part]->cols);
        for (const float number : moe::detail::dequantise(
                 {found[part].data, found[part].dtype, found[part].rows * found[part].cols}))
          REQUIRE(number == 0);
      }
    }
    check_error([&] { return zeros.acquire({0, 1u << 20}); }, {"ZeroProvider", "no such expert"});
    check_error([&] { return zeros.acquire({1u << 20, 0}); }, {"ZeroProvider", "no such expert"});
  }
}

TEST_CASE("fallback: after an error of an exact expert no expert is light before the next announcement") {
  Fallback f;
  f.choose({light, heavy}, {0.2f, 0.8f});
  f.shared->failing = true;
  CHECK_THROWS(f.experts.acquire(heavy));
  f.shared->failing = false;
  CHECK_FALSE(f.experts.try_acquire(light));
  CHECK_FALSE(is_small(f.experts.acquire(light)));
}

TEST_CASE(
    "fallback: a prompt gets exact experts, also after a token of the thread that ended with an error") {
  Fallback f;
  f.choose({light, heavy}, {0.2f, 0.8f});  // the token ends before its experts are acquired
  f.experts.hint({.ids = {&light, 1}, .kind = moe::Announcement::Kind::prefill});
  CHECK_FALSE(is_small(f.experts.acquire(light)));
}
