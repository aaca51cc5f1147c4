#pragma once
#include "config.hpp"

#include <cstddef>

#if !defined(__GNUC__)
#endif

namespace moe::detail {

// exp, log, sin and cos in double precision, exact to about 1e-15: results must not depend on the C library.
// For the few values per token that need them; kernels have their own.

/// The nearest whole number; |x| < 2^51.
double nearest(double x);

/// The largest whole number that is not above x, and the smallest that is not below; |x| < 2^51.
inline double floor(double x) { return nearest(x) > x ? nearest(x) - 1 : nearest(x); }
inline double ceil(double x) { return nearest(x) < x ? nearest(x) + 1 : nearest(x); }

/// Exact to the last bit on every machine, unlike the functions below in C libraries. Without <cmath>, whose special
/// functions take compilers long.
float sqrt(float x);

/// Σ coefficients[i] · x^i
template <std::size_t Size>
constexpr double polynomial(const double (&coefficients)[Size], double x) {
  double sum = 0;
  for (std::size_t i = Size; i-- > 0;) sum = sum * x + coefficients[i];
  return sum;
}

/// e^x; x is taken as at least -700 and at most 700, a NaN as -700.
double exp(double x);

/// The natural logarithm of a normal number above 0.
double log(double x);

struct SineCosine {
  double sine, cosine;
};

/// For angles up to 2^30 or so.
SineCosine sine_cosine(double angle);

}  // namespace moe::detail

#if MOE_DEFINITIONS
#include "math.ipp"
#endif
