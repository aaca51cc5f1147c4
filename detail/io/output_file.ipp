// SPDX-License-Identifier: MIT
#pragma once
#include "output_file.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "system_write.hpp"
#include "windows_header.hpp"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

#if defined(_WIN32)

MOE_INLINE std::FILE* open_stream(const std::string& path) { return ::_wfopen(wide(path).c_str(), L"wb"); }

MOE_INLINE void remove_file(const std::string& path) { DeleteFileW(wide(path).c_str()); }

MOE_INLINE std::string link_target(const std::string& path) { return path; }

#else

MOE_INLINE std::FILE* open_stream(const std::string& path) { return std::fopen(path.c_str(), "wb"); }

MOE_INLINE void remove_file(const std::string& path) { std::remove(path.c_str()); }

/// The path after following symbolic links; `path` if there is no such file.
MOE_INLINE std::string link_target(const std::string& path) {
  const auto free_text = [](char* text) { std::free(text); };
  const std::unique_ptr<char, decltype(free_text)> target(::realpath(path.c_str(), nullptr), free_text);
  return target ? target.get() : path;
}

#endif

/// Whether the path is a FIFO, socket or device. Such a path is written directly, because a new file must not replace it.
MOE_INLINE bool is_special(const std::string& path) {
  const PathKind kind = kind_of(path);
  return kind == PathKind::fifo || kind == PathKind::socket || kind == PathKind::device;
}

MOE_INLINE OutputFile::OutputFile(const std::string& path)
    : path_(link_target(path)), part_(is_special(path_) ? path_ : path_ + ".part") {
  file_.reset(open_stream(part_));
  if (!file_) fail_with("opening", "a writable file", last_error());
}

MOE_INLINE OutputFile::~OutputFile() { discard(); }

MOE_INLINE void OutputFile::discard() {
  if (!file_) return;
  file_.reset();
  if (part_ != path_) remove_file(part_);
}

MOE_INLINE void OutputFile::write(std::span<const std::byte> bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size())
    fail_with(concat("byte ", size_), "a successful write", last_error());
  size_ += bytes.size();
}

MOE_INLINE void OutputFile::finish() {
  const bool closed = std::fclose(file_.release()) == 0;
  if (closed && (part_ == path_ || rename_file(part_, path_))) return;
  const int error = last_error();
  if (part_ != path_) remove_file(part_);
  if (!closed) fail_with("closing", "a successful write", error);
  fail_with("renaming", concat("the new name ", path_), error);
}

MOE_INLINE void OutputFile::fail_with(std::string_view place, std::string_view expected, int error) const {
  fail(part_, place, expected, message_of(error));
}

MOE_INLINE void write_text(const std::string& path, std::string_view text) {
  OutputFile file(path);
  file.write(text);
  file.finish();
}

}  // namespace moe::inline MOE_ABI::detail
