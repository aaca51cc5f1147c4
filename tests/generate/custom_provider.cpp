// SPDX-License-Identifier: MIT
// The providers of docs/write-a-provider.md and of examples/custom_provider.cpp.
#include "detail/core/byte_units.hpp"
#include "detail/experts/any_provider.hpp"
#include "detail/experts/caching_provider.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/experts/check_provider.hpp"
#include "detail/experts/expert.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/experts/provider.hpp"
#include "detail/generate/model.hpp"
#include "detail/generate/session.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/io/file.hpp"
#include "experts/contract.hpp"
#include "support/checkpoints.hpp"
#include "support/expected_experts.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

// clang-format off
// [provider]
class RereadingProvider {
 public:
  explicit RereadingProvider(const moe::Checkpoint& checkpoint) : catalog_(checkpoint) {}

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
  moe::ExpertCatalog catalog_;  // where in the checkpoint each expert lies
};
// [end]

// [members]
class HotExpertsProvider {
 public:
  explicit HotExpertsProvider(const moe::Checkpoint& checkpoint) : state_(std::make_unique<State>(checkpoint)) {}

  using Lease = std::shared_ptr<const moe::ExpertWeights>;

  Lease acquire(moe::ExpertId id) {
    if (const std::optional<Lease> kept = try_acquire(id)) return *kept;
    const Lease lease = state_->read(id);
    const std::lock_guard lock(state_->mutex);
    if (state_->hot.contains(id)) state_->kept[id] = lease;
    return lease;
  }

  std::optional<Lease> try_acquire(moe::ExpertId id) {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->kept.find(id);
    if (found == state_->kept.end()) return {};
    return found->second;
  }

  void hint(const moe::Announcement& announcement) noexcept try {
    if (announcement.kind != moe::Announcement::Kind::hot) return;
    const std::lock_guard lock(state_->mutex);
    for (std::size_t i = 0; i < announcement.ids.size() && i < 8; ++i) state_->hot.insert(announcement.ids[i]);
  } catch (...) {  // without memory fewer experts are kept
  }

  std::size_t bytes(moe::ExpertId id) const { return catalog().has(id) ? catalog().at(id).bytes() : 0; }
  const moe::ExpertCatalog& catalog() const { return state_->catalog; }

 private:
  struct State {
    explicit State(const moe::Checkpoint& checkpoint) : catalog(checkpoint) {}

    Lease read(moe::ExpertId id) const {
      struct Memory {
        std::vector<std::byte> bytes;
        moe::ExpertWeights weights;
      };
      const auto memory = std::make_shared<Memory>();
      memory->bytes.resize(catalog.at(id).bytes());
      memory->weights = catalog.read(id, memory->bytes.data());
      return {memory, &memory->weights};
    }

    moe::ExpertCatalog catalog;
    std::mutex mutex;  // guards what follows
    std::set<moe::ExpertId> hot;
    std::map<moe::ExpertId, Lease> kept;
  };

  std::unique_ptr<State> state_;  // a provider must be movable, and a mutex is not
};
static_assert(moe::check_provider<HotExpertsProvider>());
// [end]

// [adapter]
template <moe::ExpertProvider Inner>
class ThrottledProvider {
  static_assert(moe::check_provider<Inner>());

 public:
  ThrottledProvider(Inner inner, double bytes_per_second)
      : inner_(std::move(inner)), bytes_per_second_(bytes_per_second) {}

  moe::LeaseOf<Inner> acquire(moe::ExpertId id) {
    auto lease = inner_.acquire(id);
    const moe::ExpertWeights& weights = *lease;
    const double seconds = static_cast<double>(weights.bytes()) / bytes_per_second_;
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    return lease;
  }

  Inner& inner() { return inner_; }

 private:
  Inner inner_;
  double bytes_per_second_;
};
// [end]
// clang-format on

std::string source_text(const char* path) {
  return moe::detail::read_text(std::string(source_directory) + path);
}

/// The lines between `// [name]` and `// [end]` in this file.
std::string marked(const std::string& name) {
  const std::string source = source_text("/tests/generate/custom_provider.cpp");
  const std::string begin = "// [" + name + "]\n";
  const std::size_t first = source.find(begin) + begin.size();
  return source.substr(first, source.find("// [end]\n", first) - first);
}

const moe::Checkpoint& small_checkpoint() {
  static const moe::Checkpoint one(golden("plain-bf16"));
  return one;
}

}  // namespace

TEST_CASE("custom provider: the documentation shows the providers that are tested here") {
  const std::string documentation = source_text("/docs/write-a-provider.md");
  for (const char* name : {"provider", "members", "adapter"}) {
    CAPTURE(name);
    CHECK(marked(name).size() > 400);
    CHECK(documentation.find("```cpp\n" + marked(name) + "```\n") != std::string::npos);
  }
}

TEST_CASE("custom provider: the example and the README show the smallest provider of the documentation") {
  CHECK(source_text("/examples/custom_provider.cpp").find(marked("provider")) != std::string::npos);
  CHECK(source_text("/README.md").find(marked("provider")) != std::string::npos);
}

TEST_SUITE_BEGIN("threads");

TEST_CASE("custom provider: the providers of the documentation keep the contract") {
  const ExpectedExperts expected = expected_experts(small_checkpoint());
  check_provider_contract([] { return RereadingProvider(small_checkpoint()); }, expected);
  check_provider_contract([] { return HotExpertsProvider(small_checkpoint()); }, expected);
  check_provider_contract([] { return ThrottledProvider(moe::MmapProvider(small_checkpoint()), 1e12); },
                          expected);
}

TEST_SUITE_END();

TEST_CASE("custom provider: a provider with optional members keeps what a prompt used most") {
  moe::Model model(small_checkpoint(), HotExpertsProvider(small_checkpoint()), {.threads = 1});
  auto sequence = model.transformer().sequence();
  const std::vector<moe::TokenId> prompt{5, 17, 3, 91};
  for (int round = 0; round < 2; ++round) {  // the first prompt announces which experts are hot
    sequence.rewind(0);
    model.transformer().forward(sequence, prompt);
  }
  std::size_t kept = 0;
  auto& provider = *model.experts().get<HotExpertsProvider>();
  for (const moe::ExpertId id : provider.catalog().ids()) kept += provider.try_acquire(id).has_value();
  CHECK(kept > 0);
  CHECK(kept <= 8 * model.spec().layers.size());
}

TEST_CASE("custom provider: an adapter that is slow to acquire does not slow down resident experts") {
  const std::size_t bytes = moe::ExpertCatalog(small_checkpoint())[0].bytes();
  auto cache = moe::CachingProvider(
      ThrottledProvider(moe::MmapProvider(small_checkpoint()), static_cast<double>(bytes) * 50), 4 * bytes);
  const auto begin = std::chrono::steady_clock::now();
  (void)cache.acquire({0, 0});
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(20));
  CHECK(cache.try_acquire({0, 0}));
}
