#pragma once
#include "../core/config.hpp"
#include "file.hpp"
#include "pages.hpp"
#include "system.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace moe::inline MOE_ABI::detail {

/// A file read past the page cache, so that what is read once leaves no copy behind. Where the system or the file system
/// refuses that, reads go through the cache. Safe to read from several threads.
class DirectFile {
 public:
  /// Offsets, sizes and addresses of direct reads are multiples of it.
  static constexpr std::size_t alignment = Pages::page_bytes;

  explicit DirectFile(const std::string& path);
  DirectFile(DirectFile&& other) noexcept;
  DirectFile& operator=(DirectFile&&) = delete;
  ~DirectFile();

  /// Whether direct reading turned out to be impossible.
  bool refused() const { return refused_.load(std::memory_order_relaxed); }

  /// Fills the first `needed` bytes of `into`, whose address and size are aligned, from the aligned `offset` on. Throws if
  /// the file ends before or cannot be read.
  void read_at(std::uint64_t offset, std::span<std::byte> into, std::size_t needed) const;

 private:
  File cached_;
  detail::FileHandle direct_;
  mutable std::atomic<bool> refused_ = false;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "direct_file.ipp"
#endif
