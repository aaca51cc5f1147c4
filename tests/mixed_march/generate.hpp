// SPDX-License-Identifier: MIT
#pragma once
#include <moe.hpp>

#include <string>
#include <vector>

using Tokens = std::vector<moe::TokenId>;

Tokens generate_generic(const std::string& model);
Tokens generate_generic(moe::Session& session);
Tokens generate_avx2(const std::string& model);
Tokens generate_avx2(moe::Session& session);
