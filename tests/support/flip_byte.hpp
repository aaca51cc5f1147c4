// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <fstream>
#include <string>

/// Inverts the lowest bit of one byte of a file.
inline void flip_byte(const std::string& path, std::uint64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  const char byte = static_cast<char>(file.get() ^ 1);
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(byte);
}
