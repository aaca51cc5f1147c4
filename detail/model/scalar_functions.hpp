// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/portable_math.hpp"

namespace moe::inline MOE_ABI::detail {

/// ln(1 + e^x). For x above 20 the result is x, because ln(1 + e^x) - x is below the rounding of f32.
inline double softplus(double x) { return x > 20 ? x : portable::log(1 + portable::exp(x)); }

inline double sigmoid(double x) { return 1 / (1 + portable::exp(-x)); }

}  // namespace moe::inline MOE_ABI::detail
