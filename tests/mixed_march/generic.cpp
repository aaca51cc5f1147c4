// SPDX-License-Identifier: MIT
// Compiled with -march=x86-64.
#include "generate.inl"

Tokens generate_generic(const std::string& model) { return generate(model); }
Tokens generate_generic(moe::Session& session) { return generate(session); }
