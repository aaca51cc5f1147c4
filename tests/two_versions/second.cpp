// SPDX-License-Identifier: MIT
// The second version has all kernels.
#define MOE_ABI second
#include "observe.inl"

Version second_version(const std::string& model) { return observe(model); }

// The macro names the namespace: both versions declare the same class, and the linker keeps both.
static_assert(std::is_same_v<moe::Session, moe::second::Session>);
