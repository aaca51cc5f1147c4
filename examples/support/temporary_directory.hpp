// SPDX-License-Identifier: MIT
// A directory for files that are needed only as long as the program runs.
#pragma once
#include "utf8_path.hpp"

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <system_error>

/// A new directory with a random name. It is removed, with everything in it, when the object is destroyed.
class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_(std::filesystem::temp_directory_path() / ("moe-" + random_letters())) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string path() const { return utf8_of(path_.generic_u8string()); }
  std::string operator/(std::string_view name) const {
    return utf8_of((path_ / path_of(name)).generic_u8string());
  }

  /// Writes a file into the directory and returns its path.
  std::string write(std::string_view name, std::string_view contents) const {
    std::ofstream(path_ / path_of(name), std::ios::binary) << contents;
    return *this / name;
  }

 private:
  /// Letters only: a test that looks for a number in a message must not find it in a path.
  static std::string random_letters() {
    std::random_device random;
    std::string letters(20, ' ');
    for (char& letter : letters) letter = static_cast<char>('a' + random() % 26);
    return letters;
  }

  std::filesystem::path path_;
};
