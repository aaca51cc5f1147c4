// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <concepts>
#include <string>

namespace moe::inline MOE_ABI::detail {

/// A std::filesystem::path, which converts to a std::string on POSIX, but not on Windows, where its text is UTF-16. This is a
/// concept because <filesystem> takes long to compile.
template <class T>
concept PathObject = requires(const T& path) {
  { path.u8string() } -> std::same_as<std::u8string>;
};

/// The text of a path in UTF-8, the form in which the library takes paths.
std::string utf8_of(const PathObject auto& path) {
  const std::u8string text = path.u8string();
  return std::string(text.begin(), text.end());
}

}  // namespace moe::inline MOE_ABI::detail
