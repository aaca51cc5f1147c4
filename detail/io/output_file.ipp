#pragma once
#include "output_file.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "system.hpp"
#include "windows_header.hpp"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#if !defined(_WIN32)
#include <sys/stat.h>
#endif

namespace moe::inline MOE_ABI::detail {

MOE_INLINE OutputFile::OutputFile(const std::string& path)
    : path_(target_of(path)), part_(is_special(path_) ? path_ : path_ + ".part") {
  file_ = open_for_writing(part_);
  if (!file_) fail_with("opening", "a writable file");
}

MOE_INLINE OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      part_(std::move(other.part_)),
      file_(std::exchange(other.file_, nullptr)),
      size_(other.size_) {}

MOE_INLINE OutputFile::~OutputFile() {
  if (!file_) return;
  std::fclose(file_);
  remove_part();
}

MOE_INLINE void OutputFile::write(std::span<const std::byte> bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size())
    fail_with(detail::concat("byte ", size_), "to write");
  size_ += bytes.size();
}

MOE_INLINE void OutputFile::finish() {
  if (std::fclose(std::exchange(file_, nullptr)) != 0) {
    remove_part();
    fail_with("closing", "to write");
  }
  if (part_ == path_ || rename_file()) return;
  const auto error = detail::last_error();
  remove_part();
  fail(part_, "renaming", detail::concat("to call it ", path_), detail::message_of(error));
}

MOE_INLINE void OutputFile::remove_part() const {
  if (part_ != path_) std::remove(part_.c_str());
}

MOE_INLINE std::string OutputFile::target_of(const std::string& path) {
  char* const target = ::realpath(path.c_str(), nullptr);
  std::string out = target ? target : path;
  std::free(target);
  return out;
}

MOE_INLINE bool OutputFile::is_special(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

MOE_INLINE void OutputFile::fail_with(std::string_view place, std::string_view expected) const {
  fail(part_, place, expected, detail::message_of(detail::last_error()));
}

MOE_INLINE void write_text(const std::string& path, std::string_view text) {
  OutputFile file(path);
  file.write(text);
  file.finish();
}

}  // namespace moe::inline MOE_ABI::detail
