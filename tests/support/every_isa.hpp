// SPDX-License-Identifier: MIT
#pragma once
#include "detail/simd/isa.hpp"

#include <vector>

/// The instruction sets that this machine can run.
inline std::vector<moe::detail::simd::Isa> every_isa() {
  using moe::detail::simd::Isa;
  std::vector<Isa> out;
  for (const Isa isa : {Isa::scalar, Isa::neon, Isa::avx2, Isa::avx512})
    if (moe::detail::simd::available(isa)) out.push_back(isa);
  return out;
}
