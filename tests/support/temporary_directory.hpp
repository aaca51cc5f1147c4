#pragma once
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>

/// A directory of its own for one test, removed with everything in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_(std::filesystem::temp_directory_path() / ("moe-test-" + name())) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string path() const { return path_.string(); }
  std::string operator/(std::string_view name) const { return (path_ / name).string(); }

  /// Writes a file into it and returns its path.
  std::string write(std::string_view name, std::string_view contents) const {
    std::ofstream(path_ / name, std::ios::binary) << contents;
    return *this / name;
  }

 private:
  /// Of letters alone, so that no test finds in a path the number that it looks for in a message.
  static std::string name() {
    std::random_device random;
    std::string letters(20, ' ');
    for (char& letter : letters) letter = static_cast<char>('a' + random() % 26);
    return letters;
  }

  std::filesystem::path path_;
};
