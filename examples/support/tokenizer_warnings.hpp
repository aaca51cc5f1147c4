// SPDX-License-Identifier: MIT
#pragma once
#include <moe.hpp>

#include <cstdio>
#include <string>

/// Prints what the files of a tokenizer say that is probably wrong, one line each, on stderr.
inline void show_warnings(const moe::Tokenizer& tokenizer) {
  for (const std::string& warning : tokenizer.warnings()) std::fprintf(stderr, "%s\n", warning.c_str());
}
