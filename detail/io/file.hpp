// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "system.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

bool is_directory(const std::string& path);

/// Whether `path` names an object other than a directory. A FIFO, a device or a broken link counts as a file: a caller then
/// tries to open the path and reports an error, instead of treating the file as absent.
bool is_file(const std::string& path);

/// `directory/name`.
std::string join_path(std::string_view directory, std::string_view name);

/// The directory of `path`.
std::string parent_directory(const std::string& path);

/// The name of the file in its directory: the text behind the last separator.
std::string_view file_name(std::string_view path);

/// The names of the entries of a directory, sorted. Throws if the directory cannot be read.
std::vector<std::string> list_directory(const std::string& directory);

/// A file mapped into memory, read-only. If another process truncates the file, access to the lost part ends the program
/// (SIGBUS on POSIX): no process may truncate a file of an open checkpoint.
class Mapping {
 public:
  Mapping() = default;
  Mapping(std::byte* address, std::size_t bytes) : address_(address), bytes_(bytes) {}
  Mapping(Mapping&& other) noexcept { *this = std::move(other); }
  Mapping& operator=(Mapping&& other) noexcept;
  ~Mapping();

  std::span<const std::byte> bytes() const { return {address_, bytes_}; }

  /// Asks the system to read `range`, a part of bytes(), in the background.
  static void will_need(std::span<const std::byte> range);

 private:
  std::byte* address_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// A regular file, open for reading. All members are thread-safe.
class File {
 public:
  /// Throws if there is no such file, or if the file cannot be read. A FIFO, socket or device is refused without waiting for
  /// it.
  explicit File(std::string path);

  /// The path given to the constructor.
  const std::string& path() const { return path_; }
  /// The handle of the system, open while this object lives.
  detail::FileHandle handle() const { return handle_.get(); }

  /// The size in bytes when the file was opened.
  std::uint64_t size() const { return size_; }

  /// Fills `into` with the bytes from `offset` on. Throws if the file has fewer bytes or cannot be read.
  void read_at(std::uint64_t offset, std::span<std::byte> into) const;

  /// Maps the whole file into memory, read-only. Throws if the system refuses.
  detail::Mapping map() const;

 private:
  [[noreturn]] void fail_with(std::string_view place, std::string_view expected) const;

  std::string path_;
  detail::UniqueFile handle_;
  std::uint64_t size_ = 0;
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// The bytes of a file, in any encoding. Throws if there are more than `most_bytes`, or if the file cannot be read.
std::string read_text(const std::string& path, std::uint64_t most_bytes = std::uint64_t{1} << 30);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "file.ipp"
#endif
