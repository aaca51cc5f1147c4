// SPDX-License-Identifier: MIT
// Compiled with -march=x86-64-v3.
#include "generate.inl"

Tokens generate_avx2(const std::string& model) { return generate(model); }
Tokens generate_avx2(moe::Session& session) { return generate(session); }
