// SPDX-License-Identifier: MIT
#include "detail/experts/catalog.hpp"
#include "detail/experts/expert.hpp"
#include "detail/experts/provider.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/experts/measuring_provider.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "support/checkpoints.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <set>
#include <thread>

namespace {

/// An expert is resident once it was announced; acquire() of any other expert takes time.
class SlowProvider {
 public:
  explicit SlowProvider(const moe::Checkpoint& checkpoint) : experts_(checkpoint) {}

  const moe::ExpertWeights* acquire(moe::ExpertId id) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return experts_.acquire(id);
  }
  std::optional<const moe::ExpertWeights*> try_acquire(moe::ExpertId id) {
    if (!arrived_.contains(id)) return {};
    return experts_.acquire(id);
  }
  void hint(const moe::Announcement& announcement) noexcept {
    arrived_.insert(announcement.ids.begin(), announcement.ids.end());
  }

 private:
  moe::MemoryProvider experts_;
  std::set<moe::ExpertId> arrived_;
};

}  // namespace

TEST_CASE("measuring provider: counts resident, in-flight and missed experts by layer") {
  const moe::Checkpoint checkpoint(golden("plain-f32"));
  const std::size_t bytes = moe::ExpertCatalog(checkpoint)[0].bytes();
  moe::MeasuringProvider provider{SlowProvider(checkpoint)};

  CHECK_FALSE(provider.try_acquire({1, 3}));  // try_acquire() of a missing expert counts nothing
  CHECK(provider.total().acquired() == 0);
  (void)provider.acquire({1, 4});
  const std::array chosen{moe::ExpertId{1, 3}};
  provider.hint({.ids = chosen, .kind = moe::Announcement::Kind::chosen});
  CHECK(provider.try_acquire({1, 3}));
  CHECK(provider.try_acquire({1, 3}));

  const auto layers = provider.layers();
  REQUIRE(layers.size() == 2);
  CHECK(layers[0].acquired() == 0);
  CHECK(layers[1].missed == 1);
  CHECK(layers[1].in_flight == 1);
  CHECK(layers[1].resident == 1);
  CHECK(layers[1].bytes == 2 * bytes);
  CHECK(layers[1].waited_seconds >= 0.002);
  CHECK(provider.total().acquired() == 3);
}
