// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "pages.hpp"
#include "system.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// A file for writes at any offset. Writes bypass the page cache where the system and the file system allow direct writes: in
/// the cache, one long file would displace all other files. Existing contents stay until they are overwritten. Not thread-safe.
class RandomAccessOutput {
 public:
  /// Writes whose address, offset and size are multiples of the alignment bypass the cache; other writes use the cache.
  static constexpr std::size_t alignment = Pages::page_bytes;

  /// Opens the file, and creates it if there is none. Throws if it is not a regular file or cannot be written.
  explicit RandomAccessOutput(std::string path);

  const std::string& path() const { return path_; }

  std::uint64_t size() const;

  /// Truncates the file, or extends it with zeros. On POSIX systems the zeros usually take no space on the disk.
  void resize(std::uint64_t bytes);

  void write_at(std::uint64_t offset, std::span<const std::byte> bytes);
  void write_at(std::uint64_t offset, std::string_view text);

  /// Returns when all writes are on the disk, with the exception of sync_file() for macOS.
  void sync();

  /// Locks the file during the lifetime of the object. Throws if the file is locked already, or cannot be locked.
  void lock();

 private:
  [[noreturn]] void fail_with(std::string_view place, std::string_view expected) const;

  std::string path_;
  UniqueFile handle_, direct_;  // direct_ is empty where the system refuses direct writes
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "random_access_output.ipp"
#endif
