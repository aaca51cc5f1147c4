// SPDX-License-Identifier: MIT
#include "detail/simd/kernel_table.hpp"
#include "detail/simd/isa.hpp"
#include "detail/simd/kernels.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

using moe::detail::simd::Isa;

TEST_CASE("isa: isa_of() is the inverse of name()") {
  for (const Isa isa : {Isa::scalar, Isa::neon, Isa::avx2, Isa::avx512})
    CHECK(moe::detail::simd::isa_of(name(isa)) == isa);
  CHECK_FALSE(moe::detail::simd::isa_of("AVX2"));
}

TEST_CASE("isa: the active set is the one that MOE_ISA names, or the best available") {
  const Isa active = moe::detail::simd::active_isa();
  CHECK(moe::detail::simd::available(active));
  if (const char* wanted = std::getenv("MOE_ISA")) {
    CHECK(name(active) == std::string(wanted));
  } else {
    for (const Isa isa : {Isa::neon, Isa::avx2, Isa::avx512})
      if (moe::detail::simd::available(isa)) CHECK(active >= isa);
  }
}

TEST_CASE("isa: every available set has a complete table of kernels") {
  for (const Isa isa : {Isa::scalar, Isa::neon, Isa::avx2, Isa::avx512}) {
    if (!moe::detail::simd::available(isa)) continue;
    const moe::detail::simd::Kernels& kernels = moe::detail::simd::kernels_for(isa);
    for (const auto matmul : kernels.matmul) CHECK(static_cast<bool>(matmul));
    CHECK(static_cast<bool>(kernels.matmul_int8_mxfp4));  // the last initializer: none before it is missing
  }
}
