#pragma once
#include "config.hpp"

namespace moe::inline MOE_ABI::detail::portable {

// exp, log, sin and cos in double precision with the same bits on every machine: the functions of C libraries differ in the
// last bit, and the logits must not depend on the C library. Relative error below 1e-15. For the few values per token that
// need them; kernels have their own. NaN in, NaN out. std::floor, std::ceil and std::sqrt are exact everywhere (IEEE 754).

/// e^x. Arguments outside [-700, 700] count as the nearest of these bounds.
double exp(double x);

/// The natural logarithm; -inf for 0, NaN below 0.
double log(double x);

struct SineCosine {
  double sine, cosine;
};

/// The sine and the cosine of an angle in radians, |angle| < 2^30.
SineCosine sine_cosine(double angle);

}  // namespace moe::inline MOE_ABI::detail::portable

#if MOE_DEFINITIONS
#include "portable_math.ipp"
#endif
