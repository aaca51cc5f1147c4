#pragma once
#include "../core/config.hpp"
#include "pages.hpp"
#include "system.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// A file that is written at any place, past the page cache where the system and the file system allow that: what is
/// written once and long would push out everything else there. What stood in the file stays until it is written over.
class RandomAccessOutput {
 public:
  /// Addresses, offsets and sizes of direct writes are multiples of it; other writes go through the cache.
  static constexpr std::size_t alignment = Pages::page_bytes;

  /// Makes the file if there is none.
  explicit RandomAccessOutput(std::string path);
  RandomAccessOutput(RandomAccessOutput&& other) noexcept;
  RandomAccessOutput& operator=(RandomAccessOutput&&) = delete;
  ~RandomAccessOutput();

  const std::string& path() const { return path_; }

  std::uint64_t size() const;

  /// Cuts the file, or adds zeros that take no room yet.
  void resize(std::uint64_t bytes);

  void write_at(std::uint64_t offset, std::span<const std::byte> bytes);
  void write_at(std::uint64_t offset, std::string_view text);

  /// Returns when what was written is on the disk.
  void sync();

  /// Throws if another process holds the file. The lock ends with the object.
  void lock();

 private:
  static bool write_to(detail::FileHandle file, std::uint64_t offset, std::span<const std::byte> bytes);

  void close_direct();

  [[noreturn]] void fail_with(std::string_view place, std::string_view expected) const;

  std::string path_;
  detail::FileHandle handle_ = detail::no_file, direct_ = detail::no_file;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "random_access_output.ipp"
#endif
