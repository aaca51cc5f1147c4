// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

struct CloseStream {
  void operator()(std::FILE* stream) const { std::fclose(stream); }
};

/// A file that is written sequentially and gets its name only when it is complete. Until finish() the file is called
/// `name.part`; without finish() the destructor removes the file. If the path names a FIFO, socket or device, the object writes
/// to it directly. The members throw if the system refuses a call.
class OutputFile {
 public:
  explicit OutputFile(const std::string& path);
  OutputFile(OutputFile&&) noexcept = default;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  const std::string& path() const { return path_; }

  /// The number of bytes written.
  std::uint64_t size() const { return size_; }

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

  /// Gives the complete file its name; replaces an older file of this name.
  void finish();

 private:
  [[noreturn]] void fail_with(std::string_view place, std::string_view expected, int error) const;

  /// Closes and removes the incomplete file; does nothing after finish().
  void discard();

  std::string path_, part_;
  std::unique_ptr<std::FILE, CloseStream> file_;
  std::uint64_t size_ = 0;
};

/// Writes a whole file.
void write_text(const std::string& path, std::string_view text);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "output_file.ipp"
#endif
