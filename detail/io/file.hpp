#pragma once
#include "../core/config.hpp"
#include "system.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace moe::inline MOE_ABI::detail {

bool is_directory(const std::string& path);

inline bool is_file(const std::string& path) { return detail::kind_of(path) == detail::PathKind::file; }

/// `directory/name`.
std::string join_path(std::string_view directory, std::string_view name);

/// The directory that holds `path`.
std::string parent_directory(const std::string& path);

/// A whole file as read-only memory. If somebody shortens the file meanwhile, touching the lost part ends the
/// program (SIGBUS on POSIX): copy a checkpoint to a place where nobody writes, or use a provider that reads.
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

/// A file open for reading. Reading is safe from several threads.
class File {
 public:
  explicit File(std::string path);
  File(File&& other) noexcept;
  File& operator=(File&&) = delete;
  ~File();

  const std::string& path() const { return path_; }
  detail::FileHandle handle() const { return handle_; }  // open as long as this object lives

  /// In bytes, when it was opened.
  std::uint64_t size() const { return size_; }

  /// Fills `into` with the bytes from `offset` on. Throws if the file ends before or cannot be read.
  void read_at(std::uint64_t offset, std::span<std::byte> into) const;

  detail::Mapping map() const;

 private:
  [[noreturn]] void fail_with(std::string_view place, std::string_view expected) const;

  std::string path_;
  detail::FileHandle handle_ = detail::no_file;
  std::uint64_t size_ = 0;
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// The whole file as text, unchecked. Refuses more than `most` bytes.
std::string read_text(const std::string& path, std::uint64_t most = std::uint64_t{1} << 30);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "file.ipp"
#endif
