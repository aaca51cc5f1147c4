#pragma once
#include <string>

/// A checkpoint of tests/golden.
inline std::string golden(const std::string& name) { return MOE_SOURCE_DIR "/tests/golden/" + name; }

/// The model that the examples come with.
inline std::string bundled_model() { return MOE_SOURCE_DIR "/examples/data/babel-10m"; }
