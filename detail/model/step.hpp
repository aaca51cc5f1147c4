// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "arena.hpp"
#include "compute.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI::detail {

/// The members that decide, together with the spec, the sizes of the intermediate results of a step. Counting bytes needs no
/// weights.
struct Workspace {
  Arena& arena;
  std::size_t tokens;
  std::size_t threads;
  bool bf16_dot;                   // whether products take their inputs as bf16
  bool experts_elsewhere = false;  // whether an executor computes the experts
};

/// Consecutive tokens of one sequence that go through the layers together.
struct Step {
  const Compute& compute;
  Arena& arena;
  std::size_t position;  // of the first token
  std::size_t tokens;

  const simd::Kernels& kernels() const { return compute.kernels(); }
  Workspace workspace() const {
    return {arena, tokens, compute.threads(), compute.kernels().to_bf16 != nullptr};
  }
};

}  // namespace moe::inline MOE_ABI::detail
