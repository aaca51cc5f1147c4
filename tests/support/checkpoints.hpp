// SPDX-License-Identifier: MIT
#pragma once
#include <string>

/// The root of the project; defined in main.cpp.
extern const char* const source_directory;

/// A checkpoint of tests/golden.
inline std::string golden(const std::string& name) {
  return std::string(source_directory) + "/tests/golden/" + name;
}

/// The model in examples/data.
inline std::string bundled_model() { return std::string(source_directory) + "/examples/data/babel-10m"; }
