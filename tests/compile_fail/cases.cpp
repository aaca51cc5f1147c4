// SPDX-License-Identifier: MIT
// Code that must not compile: one mistake for each value of CASE. CMakeLists.txt lists the expected error of each case. Case 0
// is code without mistakes.
#include "detail/core/byte_units.hpp"
#include "detail/experts/any_provider.hpp"
#include "detail/experts/caching_provider.hpp"
#include "detail/experts/fallback_provider.hpp"
#include "detail/experts/lru_provider.hpp"
#include "detail/experts/measuring_provider.hpp"
#include "detail/experts/prefetching_provider.hpp"
#include "detail/experts/verifying_provider.hpp"
#if CASE == 0 || CASE == 10 || CASE == 11 || CASE >= 14
#include "detail/generate/model.hpp"
#include "detail/generate/session.hpp"
#include "detail/model/sequence.hpp"

#include <memory>
#include <span>
#endif

struct Provider {
  const moe::ExpertWeights* acquire(moe::ExpertId) { return nullptr; }
};

#if CASE == 1
struct WithoutAcquire {
  const moe::ExpertWeights* fetch(moe::ExpertId) { return nullptr; }
};
moe::AnyProvider any{WithoutAcquire()};

#elif CASE == 2
struct ReturnsNoLease {
  int acquire(moe::ExpertId) { return 0; }
};
static_assert(moe::check_provider<ReturnsNoLease>());

#elif CASE == 3
struct LargeLease {
  const moe::ExpertWeights& operator*() const { return weights; }
  moe::ExpertWeights weights;
  char more[128] = {};
};
struct WithLargeLease {
  LargeLease acquire(moe::ExpertId) { return {}; }
};
moe::AnyProvider any{WithLargeLease()};

#elif CASE == 4
struct HintMayThrow : Provider {
  void hint(const moe::Announcement&) {}
};
moe::AnyProvider any{HintMayThrow()};

#elif CASE == 5
struct HintOfOtherArguments : Provider {
  void hint(std::span<const moe::ExpertId>, int) noexcept {}
};
moe::PrefetchingProvider<HintOfOtherArguments> provider{{}};

#elif CASE == 6
struct TryAcquireReturnsPointer : Provider {
  const moe::ExpertWeights* try_acquire(moe::ExpertId) { return nullptr; }
};
moe::MeasuringProvider<TryAcquireReturnsPointer> provider{{}};

#elif CASE == 7
class PrivateLoad : public Provider {
  void load(moe::ExpertId, moe::Announcement::Kind) noexcept {}
};
moe::CachingProvider<PrivateLoad> provider{{}, 1};

#elif CASE == 8
struct BytesReturnsInt : Provider {
  int bytes(moe::ExpertId) { return 0; }
};
moe::LruProvider<BytesReturnsInt> provider{{}, 1};

#elif CASE == 9
struct LargestBytesOfExpert : Provider {
  std::size_t largest_bytes(moe::ExpertId) { return 0; }
};
void verify(const moe::ExpertChecksums& checksums) {
  moe::VerifyingProvider<LargestBytesOfExpert> provider({}, checksums);
}

#elif CASE == 10
struct CatalogByValue : Provider {
  moe::ExpertCatalog catalog();
};
void run(const moe::Checkpoint& checkpoint) { moe::Model model(checkpoint, CatalogByValue()); }

#elif CASE == 11
struct InnerByValue : Provider {
  Provider inner() { return {}; }
};
void run(const moe::Checkpoint& checkpoint, InnerByValue provider, moe::ThreadPool& pool) {
  moe::Transformer transformer(checkpoint, provider, pool);
}

#elif CASE == 12
struct Misspelt : Provider {
  std::optional<const moe::ExpertWeights*> try_aquire(moe::ExpertId) { return {}; }
};
moe::AnyProvider any{Misspelt()};

#elif CASE == 13
struct OtherName : Provider {
  void prefetch(std::span<const moe::ExpertId>) noexcept {}
};
static_assert(moe::check_provider<OtherName>());

#elif CASE == 14
void observe(moe::Sequence& sequence) {
  sequence.observe_routes([](const moe::Routes&) {});
}

#elif CASE == 15
void run(moe::ThreadPool& pool) {
  pool.for_each(3, [](std::size_t, std::size_t) {});
}

#elif CASE == 16
moe::detail::Buffer<std::vector<int>> buffer;

#elif CASE == 17
struct WithoutScore {
  void resize(std::size_t, std::size_t) {}
  void use(std::uint32_t, std::uint64_t) noexcept {}
  void insert(std::uint32_t, moe::ExpertId, std::uint64_t) noexcept {}
  void erase(std::uint32_t) noexcept {}
  std::uint32_t lowest(std::uint32_t, std::uint64_t) noexcept { return moe::no_expert; }
};
moe::CachingProvider<Provider, WithoutScore> cache{{}, 1};

#elif CASE == 18
struct UseMayThrow : moe::Lru {
  void use(std::uint32_t, std::uint64_t) {}
};
static_assert(moe::check_eviction_policy<UseMayThrow>());

#elif CASE == 19
moe::GenerateOptions options{.sampler = [](std::span<const float>) { return moe::TokenId{0}; }};

#elif CASE == 20
struct TakesMutableLogits {
  moe::TokenId operator()(std::span<float> logits, const moe::SamplerContext&) {
    logits[0] = 0;
    return 1;
  }
};
void draw_with(moe::GenerateOptions& options) { options.sampler = TakesMutableLogits(); }

#elif CASE == 21
struct ReturnsNoToken {
  void operator()(std::span<const float>, const moe::SamplerContext&) {}
};
static_assert(moe::check_sampler<ReturnsNoToken>());

#elif CASE == 22
struct MovesOnly {
  moe::TokenId operator()(std::span<const float>, const moe::SamplerContext&) { return 0; }
  std::unique_ptr<int> state;
};
moe::GenerateOptions options{.sampler = MovesOnly()};

#elif CASE == 23
using Replacing = moe::FallbackProvider<Provider, Provider>;
moe::CachingProvider<moe::MeasuringProvider<Replacing>> cache{moe::MeasuringProvider(Replacing({}, {})), 1};

#elif CASE == 24
using namespace moe::literals;
constexpr std::size_t two_to_64 = 17179869184_GiB;

#else
struct WithAllMembers : Provider {
  std::optional<const moe::ExpertWeights*> try_acquire(moe::ExpertId) { return {}; }
  void hint(moe::Announcement) noexcept {}
  void load(moe::ExpertId, moe::Announcement::Kind) noexcept {}
  std::size_t bytes(moe::ExpertId) const { return 0; }
  std::size_t largest_bytes() const noexcept { return 0; }
  const moe::ExpertCatalog* catalog() const { return nullptr; }
  Provider& inner() { return *this; }
  std::size_t size() const { return 0; }  // not a member that looks like bytes(id)
};
static_assert(moe::check_provider<WithAllMembers>());
moe::AnyProvider any{WithAllMembers()};
auto cache = moe::LruProvider(moe::MeasuringProvider(Provider()), 1);
void observe(moe::Sequence& sequence) {
  const auto observer = [](const moe::Routes&) {};
  sequence.observe_routes(observer);
}
void run(moe::ThreadPool& pool) {
  pool.for_each(3, [](std::size_t, std::size_t) noexcept {});
}
moe::detail::Buffer<int> buffer;
using namespace moe::literals;
constexpr std::size_t three_gib = 3_GiB;
static_assert(moe::check_sampler<moe::Sampler>());
moe::GenerateOptions options{
    .sampler = [](std::span<const float> logits, moe::SamplerContext) { return logits.size(); }};
#endif
