// SPDX-License-Identifier: MIT
#pragma once
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

/// A path in the folder that the environment variable MOE_TEST_DATA names; nothing, and a message, if it is not set.
inline std::optional<std::string> test_data(std::string_view name) {
  const char* folder = std::getenv("MOE_TEST_DATA");
  if (!folder) {
    MESSAGE("skipped: MOE_TEST_DATA is not set");
    return {};
  }
  return (std::filesystem::path(folder) / name).string();
}
