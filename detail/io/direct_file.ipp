#pragma once
#include "direct_file.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE DirectFile::DirectFile(const std::string& path)
    : cached_(path), direct_(detail::open_file_direct(path)) {
  if (direct_ == detail::no_file) refused_.store(true, std::memory_order_relaxed);
}

MOE_INLINE DirectFile::DirectFile(DirectFile&& other) noexcept
    : cached_(std::move(other.cached_)),
      direct_(std::exchange(other.direct_, detail::no_file)),
      refused_(other.refused_.load(std::memory_order_relaxed)) {}

MOE_INLINE DirectFile::~DirectFile() {
  if (direct_ != detail::no_file) detail::close_file(direct_);
}

MOE_INLINE void DirectFile::read_at(std::uint64_t offset, std::span<std::byte> into,
                                    std::size_t needed) const {
  std::size_t done = 0;
  while (!refused() && done < needed) {
    const std::int64_t got =
        detail::read_file_at(direct_, offset + done, into.data() + done, into.size() - done);
    if (got < 0 && detail::interrupted(detail::last_error())) continue;
    // Errors and the end of the file are left to the ordinary read, which says what is wrong if it is wrong there too.
    if (got <= 0) break;
    const std::size_t end = done + static_cast<std::size_t>(got);
    if (end >= needed) return;
    const std::size_t whole = end / alignment * alignment;
    if (whole == done) break;
    done = whole;
  }
  cached_.read_at(offset + done, into.subspan(done, needed - done));
  // What an ordinary read can do at once and a direct one could not do at all was refused.
  if (done == 0 && !refused()) refused_.store(true, std::memory_order_relaxed);
}

}  // namespace moe::inline MOE_ABI::detail
