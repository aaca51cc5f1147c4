// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <system_error>

/// A file for one input at a time, in memory where the system has such files.
class InputFile {
 public:
  /// `name`: the name of the file, such as `model.gguf`.
  explicit InputFile(const std::string& name) {
    const std::filesystem::path memory = "/dev/shm";
    const std::filesystem::path root =
        std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
    directory_ = root / ("moe-fuzz-" + std::to_string(std::random_device()()));
    std::filesystem::create_directory(directory_);
    path_ = (directory_ / name).string();
  }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  /// Replaces the contents of the file and returns its path.
  const std::string& write(const std::uint8_t* data, std::size_t size) const {
    std::FILE* const file = std::fopen(path_.c_str(), "wb");
    if (!file) std::abort();
    if (std::fwrite(data, 1, size, file) != size) std::abort();
    std::fclose(file);
    return path_;
  }

 private:
  std::filesystem::path directory_;
  std::string path_;
};
