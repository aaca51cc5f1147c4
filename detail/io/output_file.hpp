#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// A file being written from front to back. It appears under its name only when it is complete: until finish() it is
/// called `name.part`, and without finish() it is removed. What is no file, such as /dev/stdout, is written to as it is.
class OutputFile {
 public:
  explicit OutputFile(const std::string& path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  const std::string& path() const { return path_; }

  /// How many bytes were written.
  std::uint64_t size() const { return size_; }

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

  /// Gives the complete file its name, in place of what had it before.
  void finish();

 private:
#if defined(_WIN32)
  static std::FILE* open_for_writing(const std::string& path) {
    return ::_wfopen(detail::wide(path).c_str(), L"wb");
  }
  bool rename_file() const {
    return MoveFileExW(detail::wide(part_).c_str(), detail::wide(path_).c_str(), MOVEFILE_REPLACE_EXISTING);
  }
  void remove_part() const {
    if (part_ != path_) DeleteFileW(detail::wide(part_).c_str());
  }
  static std::string target_of(const std::string& path) { return path; }
  static bool is_special(const std::string&) { return false; }
#else
  static std::FILE* open_for_writing(const std::string& path) { return std::fopen(path.c_str(), "wb"); }
  bool rename_file() const { return std::rename(part_.c_str(), path_.c_str()) == 0; }
  void remove_part() const;
  /// What a link stands for, if that exists.
  static std::string target_of(const std::string& path);
  static bool is_special(const std::string& path);
#endif

  [[noreturn]] void fail_with(std::string_view place, std::string_view expected) const;

  std::string path_, part_;
  std::FILE* file_ = nullptr;
  std::uint64_t size_ = 0;
};

/// Writes a whole file.
void write_text(const std::string& path, std::string_view text);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "output_file.ipp"
#endif
