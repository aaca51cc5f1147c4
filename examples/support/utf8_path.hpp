// SPDX-License-Identifier: MIT
// Paths from and to UTF-8. On Windows, std::filesystem::path reads chars in the code page of the system.
#pragma once
#include "detail/io/path_object.hpp"

#include <filesystem>
#include <string>
#include <string_view>

inline std::filesystem::path path_of(std::string_view utf8) {
  return std::filesystem::path(std::u8string(utf8.begin(), utf8.end()));
}

inline std::string utf8_of(const std::filesystem::path& path) { return moe::detail::utf8_of(path); }
