// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "file.hpp"
#include "pages.hpp"
#include "system.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// An open file whose reads bypass the page cache, so that the cache holds no copy of data that is read once. Where the system
/// or the file system refuses direct reads, reads use the cache. Thread-safe.
class DirectFile {
 public:
  /// Offsets, sizes and addresses of direct reads are multiples of this number.
  static constexpr std::size_t alignment = Pages::page_bytes;

  /// Reads the file that `file` has open, even if the path of `file` names another file by now. `file` must outlive the object.
  explicit DirectFile(const File& file);
  DirectFile(DirectFile&& other) noexcept;
  DirectFile& operator=(DirectFile&&) = delete;
  ~DirectFile();

  /// Whether the system or the file system has refused direct reads.
  bool refused() const { return refused_.load(std::memory_order_relaxed); }

  /// Reads `needed` bytes from `offset` on into the beginning of `into`, and may overwrite the rest of `into`. The offset, and
  /// the address and size of `into`, are multiples of `alignment`. Throws if the file has fewer bytes or cannot be read.
  void read_at(std::uint64_t offset, std::span<std::byte> into, std::size_t needed) const;

 private:
  /// Reads as many bytes as direct reads can. Returns the number of bytes read: `needed`, or a multiple of `alignment`.
  std::size_t read_directly(std::uint64_t offset, std::span<std::byte> into, std::size_t needed) const;

  const File* cached_;
  FileHandle direct_;
  mutable std::atomic<bool> refused_ = false;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "direct_file.ipp"
#endif
