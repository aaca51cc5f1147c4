// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

#include <cstdint>

namespace moe::inline MOE_ABI::detail {

/// Sets the floating-point environment of the calling thread during the lifetime of the object: round to nearest, no traps,
/// denormal numbers count as zero. So results do not depend on the settings of the program. The destructor restores these
/// settings. On processors other than x86-64 and AArch64 the object does nothing.
class FloatEnvironment {
 public:
  FloatEnvironment();
  ~FloatEnvironment();
  FloatEnvironment(const FloatEnvironment&) = delete;
  FloatEnvironment& operator=(const FloatEnvironment&) = delete;

 private:
  std::uint64_t previous_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "float_environment.ipp"
#endif
