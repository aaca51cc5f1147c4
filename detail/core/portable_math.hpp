// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

namespace moe::inline MOE_ABI::detail::portable {

// exp, log, sine and cosine in double precision, with the same bits on every machine. The functions of C libraries differ in
// the last bit, and logits must not depend on the C library. The relative error of exp and log is below 1e-15; NaN input gives
// NaN. Kernels have vector versions of their own. std::floor, std::ceil and std::sqrt need no replacement: IEEE 754 defines
// every bit of their results.

/// e^x. An argument outside [-700, 700] is replaced by the nearer bound.
double exp(double x);

/// The natural logarithm; -infinity for 0, NaN for negative numbers.
double log(double x);

struct SineCosine {
  double sine, cosine;
};

/// The sine and the cosine of an angle in radians, with an absolute error below 1e-15. NaN if |angle| is not below 2^31.
SineCosine sine_cosine(double angle);

}  // namespace moe::inline MOE_ABI::detail::portable

#if MOE_DEFINITIONS
#include "portable_math.ipp"
#endif
