#pragma once
#include "../core/error.hpp"
#include "system.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace moe {

/// A file being written from front to back. It appears under its name only when it is complete: until finish() it is
/// called `name.part`, and without finish() it is removed. What is no file, such as /dev/stdout, is written to as it is.
class OutputFile {
 public:
  explicit OutputFile(const std::string& path)
      : path_(target_of(path)), part_(is_special(path_) ? path_ : path_ + ".part") {
    file_ = open_for_writing(part_);
    if (!file_) fail_with("opening", "a writable file");
  }
  OutputFile(OutputFile&& other) noexcept
      : path_(std::move(other.path_)),
        part_(std::move(other.part_)),
        file_(std::exchange(other.file_, nullptr)),
        size_(other.size_) {}
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile() {
    if (!file_) return;
    std::fclose(file_);
    remove_part();
  }

  const std::string& path() const { return path_; }

  /// How many bytes were written.
  std::uint64_t size() const { return size_; }

  void write(std::span<const std::byte> bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size())
      fail_with(detail::concat("byte ", size_), "to write");
    size_ += bytes.size();
  }
  void write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

  /// Gives the complete file its name, in place of what had it before.
  void finish() {
    if (std::fclose(std::exchange(file_, nullptr)) != 0) {
      remove_part();
      fail_with("closing", "to write");
    }
    if (part_ == path_ || rename_file()) return;
    const auto error = detail::last_error();
    remove_part();
    fail(part_, "renaming", detail::concat("to call it ", path_), detail::message_of(error));
  }

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
  void remove_part() const {
    if (part_ != path_) std::remove(part_.c_str());
  }
  /// What a link stands for, if that exists.
  static std::string target_of(const std::string& path) {
    char* const target = ::realpath(path.c_str(), nullptr);
    std::string out = target ? target : path;
    std::free(target);
    return out;
  }
  static bool is_special(const std::string& path) {
    struct stat status;
    return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
  }
#endif

  [[noreturn]] void fail_with(std::string_view place, std::string_view expected) const {
    fail(part_, place, expected, detail::message_of(detail::last_error()));
  }

  std::string path_, part_;
  std::FILE* file_ = nullptr;
  std::uint64_t size_ = 0;
};

/// Writes a whole file.
inline void write_text(const std::string& path, std::string_view text) {
  OutputFile file(path);
  file.write(text);
  file.finish();
}

}  // namespace moe
