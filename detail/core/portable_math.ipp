// SPDX-License-Identifier: MIT
#pragma once
#include "portable_math.hpp"
#include "rounded.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace moe::inline MOE_ABI::detail::portable {

// Each product that is added to something is exact, or is rounded() first: a fused multiplication and addition would give other
// bits.

/// The integer nearest to x, for |x| < 2^51. Uses additions only, so that the result does not depend on the C library.
inline double nearest(double x) {
  constexpr double shift = 0x1.8p52;  // the last bit of a double near 2^52 is worth 1, so the addition rounds
  return rounded(rounded(x) + shift) - shift;
}

/// Σ coefficients[i] · x^i
template <std::size_t Size>
double polynomial(const double (&coefficients)[Size], double x) {
  double sum = 0;
  for (std::size_t i = Size; i-- > 0;) sum = rounded(sum * x) + coefficients[i];
  return sum;
}

MOE_INLINE double exp(double x) {
  if (std::isnan(x)) return x;
  x = std::clamp(x, -700.0, 700.0);
  const double n = nearest(x * 1.4426950408889634);
  // ln 2 in two parts; the first has so few bits that its product with n is exact (Cody & Waite).
  const double r = (x - n * 0x1.62e42feep-1) - rounded(n * 0x1.a39ef35793c76p-33);
  static constexpr double taylor[] = {
      1.,        1.,         1. / 2,      1. / 6,       1. / 24,       1. / 120,       1. / 720,
      1. / 5040, 1. / 40320, 1. / 362880, 1. / 3628800, 1. / 39916800, 1. / 479001600, 1. / 6227020800};
  const auto exponent = static_cast<std::uint64_t>(static_cast<std::int64_t>(n) + 1023) << 52;
  return polynomial(taylor, r) * std::bit_cast<double>(exponent);
}

MOE_INLINE double log(double x) {
  if (std::isnan(x) || x == std::numeric_limits<double>::infinity()) return x;
  if (x < 0) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0) return -std::numeric_limits<double>::infinity();
  // A denormal number is first multiplied by 2^54, which makes it normal.
  if (x < std::numeric_limits<double>::min()) return log(x * 0x1p54) - 54 * 0.6931471805599453;
  // x = m · 2^e with sqrt(1/2) <= m < sqrt(2); ln m = 2 artanh(s) with s = (m − 1) / (m + 1).
  auto bits = std::bit_cast<std::uint64_t>(x);
  const std::uint64_t half = 0x3fe6a09e667f3bcd;  // sqrt(1/2)
  const std::int64_t e = static_cast<std::int64_t>(bits - half) >> 52;
  const double m = std::bit_cast<double>(bits - (static_cast<std::uint64_t>(e) << 52));
  const double s = (m - 1) / (m + 1);
  static constexpr double artanh[] = {1.,      1. / 3,  1. / 5,  1. / 7,  1. / 9, 1. / 11,
                                      1. / 13, 1. / 15, 1. / 17, 1. / 19, 1. / 21};
  return rounded(static_cast<double>(e) * 0.6931471805599453) + rounded(2 * s * polynomial(artanh, s * s));
}

/// angle − n · pi/2, |n| < 2^31. pi/2 is the sum of parts; all parts but the last have so few bits that their products with n
/// are exact (Cody & Waite).
inline double quarter_turns_removed(double angle, double n) {
  const double last = rounded(n * 0x1.3198a2e037073p-69);
  if (std::fabs(n) < 0x1p21)  // parts of 31 and 32 bits
    return ((angle - n * 0x1.921fb544p0) - n * 0x1.0b4611a6p-34) - last;
  return (((angle - n * 0x1.921fbp0) - n * 0x1.5110bp-22) - n * 0x1.184698p-44) - last;  // parts of 22 bits
}

MOE_INLINE SineCosine sine_cosine(double angle) {
  if (!(std::fabs(angle) < 0x1p31))
    return {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN()};
  angle = rounded(angle);  // a product of the caller
  const double n = nearest(angle * 0.6366197723675814);
  const double r = quarter_turns_removed(angle, n);
  const double r2 = r * r;
  static constexpr double sine_terms[] = {1.,
                                          -1. / 6,
                                          1. / 120,
                                          -1. / 5040,
                                          1. / 362880,
                                          -1. / 39916800,
                                          1. / 6227020800.,
                                          -1. / 1307674368000.,
                                          1. / 355687428096000.};
  static constexpr double cosine_terms[] = {1.,
                                            -1. / 2,
                                            1. / 24,
                                            -1. / 720,
                                            1. / 40320,
                                            -1. / 3628800,
                                            1. / 479001600,
                                            -1. / 87178291200.,
                                            1. / 20922789888000.,
                                            -1. / 6402373705728000.};
  const double s = rounded(r * polynomial(sine_terms, r2));
  const double c = polynomial(cosine_terms, r2);
  switch (static_cast<std::int64_t>(n) & 3) {
    case 0: return {s, c};
    case 1: return {c, -s};
    case 2: return {-s, -c};
    default: return {-c, s};
  }
}

}  // namespace moe::inline MOE_ABI::detail::portable
