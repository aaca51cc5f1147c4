// SPDX-License-Identifier: MIT
#include "detail/core/dtype.hpp"
#include "detail/experts/expert.hpp"
#include "detail/experts/optional_members.hpp"
#include "detail/experts/provider.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <span>

using moe::ExpertId;
using moe::ExpertWeights;

namespace {

struct Smallest {
  const ExpertWeights* acquire(ExpertId) { return &weights; }
  ExpertWeights weights;
};

struct OwningLease {
  ExpertWeights weights;
  const ExpertWeights& operator*() const { return weights; }
};

struct WithOwningLease {
  OwningLease acquire(ExpertId) { return {}; }
};

struct NoLease {
  int acquire(ExpertId) { return 0; }
};

struct CannotMove {
  CannotMove() = default;
  CannotMove(CannotMove&&) = delete;
  const ExpertWeights* acquire(ExpertId) { return nullptr; }
};

struct OtherArgument {
  const ExpertWeights* acquire(const char*) { return nullptr; }
};

static_assert(moe::ExpertLease<const ExpertWeights*>);
static_assert(moe::ExpertLease<OwningLease>);
static_assert(!moe::ExpertLease<int>);
static_assert(!moe::ExpertLease<const int*>);
static_assert(moe::ExpertProvider<Smallest>);
static_assert(moe::ExpertProvider<WithOwningLease>);
static_assert(!moe::ExpertProvider<int>);
static_assert(!moe::ExpertProvider<NoLease>);
static_assert(!moe::ExpertProvider<CannotMove>);
static_assert(!moe::ExpertProvider<OtherArgument>);

}  // namespace

TEST_CASE("provider concept: each optional member has a fallback") {
  Smallest provider;
  std::byte some[4] = {};
  provider.weights.gate = {some, moe::DType::f32, 1, 1};
  const ExpertId id{};
  CHECK_FALSE(moe::detail::try_acquire(provider, id));
  moe::detail::hint(provider, {.ids = {&id, 1}});
  moe::detail::load(provider, id, moe::Announcement::Kind::chosen);
  CHECK(moe::detail::bytes(provider, id) == 0);
  CHECK(moe::detail::largest_bytes(provider) == 0);
  CHECK(moe::detail::catalog(provider) == nullptr);
}
