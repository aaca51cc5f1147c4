// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/error.hpp"
#include "expert.hpp"
#include "provider.hpp"

namespace moe::inline MOE_ABI::detail {

/// The provider of a model whose experts an executor computes. acquire() always throws.
struct AbsentProvider {
  const ExpertWeights* acquire(ExpertId id) {
    fail("model", describe("weights", id), "a model with a provider of experts", "a model with an executor");
  }
};
static_assert(ExpertProvider<AbsentProvider>);

}  // namespace moe::inline MOE_ABI::detail
