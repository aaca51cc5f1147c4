#pragma once
#include "../core/config.hpp"
#include "../experts/allowed_experts.hpp"
#include "compute.hpp"
#include "config.hpp"
#include "kv_cache.hpp"
#include "scratch.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI::detail {

/// Consecutive tokens of one sequence that go through the layers together. Scratch::x holds their residual stream.
struct Pass {
  const Compute& compute;
  const ModelConfig& config;
  Scratch& scratch;
  KvCache& cache;
  const AllowedExperts& allowed;
  std::size_t position;  // of the first token
  std::size_t tokens;
};

}  // namespace moe::inline MOE_ABI::detail
