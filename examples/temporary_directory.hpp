// A place for files that nobody needs afterwards.
#pragma once
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <system_error>

/// A directory that is removed in the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory()
      : path_(std::filesystem::temp_directory_path() / ("moe-bench-" + std::to_string(number()))) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string path() const { return path_.string(); }

 private:
  static std::uint32_t number() { return std::random_device()(); }

  std::filesystem::path path_;
};
