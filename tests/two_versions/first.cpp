// SPDX-License-Identifier: MIT
// The first version has only the kernels in plain C++.
#define MOE_ABI first
#define MOE_NO_AVX2
#define MOE_NO_AVX512
#define MOE_NO_NEON
#include "observe.inl"

Version first_version(const std::string& model) { return observe(model); }
