// SPDX-License-Identifier: MIT
#pragma once
#include "direct_file.hpp"
#include "system_direct.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE DirectFile::DirectFile(const File& file)
    : cached_(&file), direct_(reopen_direct(file.handle(), file.path(), FileAccess::read)) {
  if (direct_ == no_file) refused_.store(true, std::memory_order_relaxed);
}

MOE_INLINE DirectFile::DirectFile(DirectFile&& other) noexcept
    : cached_(other.cached_),
      direct_(std::exchange(other.direct_, no_file)),
      refused_(other.refused_.load(std::memory_order_relaxed)) {}

MOE_INLINE DirectFile::~DirectFile() {
  if (direct_ != no_file) close_file(direct_);
}

MOE_INLINE void DirectFile::read_at(std::uint64_t offset, std::span<std::byte> into,
                                    std::size_t needed) const {
  const std::size_t done = refused() ? 0 : read_directly(offset, into, needed);
  if (done == needed) return;
  // The direct read met an error or the end of the file, or direct reads are refused. If the ordinary read cannot read the
  // remaining bytes either, it throws an Error.
  cached_->read_at(offset + done, into.subspan(done, needed - done));
  // The direct read gave no whole aligned block, but the ordinary read succeeded: probably the file system refuses direct
  // reads, so later reads use the cache at once.
  if (done == 0) refused_.store(true, std::memory_order_relaxed);
}

MOE_INLINE std::size_t DirectFile::read_directly(std::uint64_t offset, std::span<std::byte> into,
                                                 std::size_t needed) const {
  std::size_t done = 0;
  for (;;) {
    const std::int64_t got = read_file_at(direct_, offset + done, into.data() + done, into.size() - done);
    if (got < 0 && interrupted(last_error())) continue;
    if (got <= 0) return done;
    const std::size_t end = done + static_cast<std::size_t>(got);
    if (end >= needed) return needed;
    const std::size_t whole = end / alignment * alignment;
    if (whole == done) return done;
    done = whole;
  }
}

}  // namespace moe::inline MOE_ABI::detail
