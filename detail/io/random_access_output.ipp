#pragma once
#include "random_access_output.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "system_direct.hpp"
#include "system_write.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE RandomAccessOutput::RandomAccessOutput(std::string path) : path_(std::move(path)) {
  handle_ = detail::open_file_to_write(path_);
  if (handle_ == detail::no_file) fail_with("opening", "a writable file");
  direct_ = detail::reopen_direct(handle_, path_, detail::FileAccess::write);
}

MOE_INLINE RandomAccessOutput::RandomAccessOutput(RandomAccessOutput&& other) noexcept
    : path_(std::move(other.path_)),
      handle_(std::exchange(other.handle_, detail::no_file)),
      direct_(std::exchange(other.direct_, detail::no_file)) {}

MOE_INLINE RandomAccessOutput::~RandomAccessOutput() {
  close_direct();
  if (handle_ != detail::no_file) detail::close_file(handle_);
}

MOE_INLINE std::uint64_t RandomAccessOutput::size() const {
  std::uint64_t bytes = 0;
  if (!detail::size_of_file(handle_, bytes)) fail_with("size", "a file with a size");
  return bytes;
}

MOE_INLINE void RandomAccessOutput::resize(std::uint64_t bytes) {
  if (!detail::resize_file(handle_, bytes)) fail_with("resizing", detail::concat(bytes, " bytes"));
}

MOE_INLINE void RandomAccessOutput::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  const auto address = reinterpret_cast<std::uintptr_t>(bytes.data());
  const bool aligned = (offset | bytes.size() | address) % alignment == 0;
  // What a direct write cannot do is left to the ordinary one, which says what is wrong if it is wrong there too.
  if (aligned && direct_ != detail::no_file) {
    if (write_to(direct_, offset, bytes)) return;
    close_direct();
  }
  if (!write_to(handle_, offset, bytes)) fail_with(detail::concat("byte ", offset), "to write");
}

MOE_INLINE void RandomAccessOutput::write_at(std::uint64_t offset, std::string_view text) {
  write_at(offset, std::as_bytes(std::span(text.data(), text.size())));
}

MOE_INLINE void RandomAccessOutput::sync() {
  if (!detail::sync_file(handle_)) fail_with("syncing", "to write");
}

MOE_INLINE void RandomAccessOutput::lock() {
  if (!detail::lock_file(handle_)) fail(path_, "locking", "a file that nobody writes", "one in use");
}

MOE_INLINE bool RandomAccessOutput::write_to(detail::FileHandle file, std::uint64_t offset,
                                             std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::int64_t done = detail::write_file_at(file, offset, bytes.data(), bytes.size());
    if (done < 0 && detail::interrupted(detail::last_error())) continue;
    if (done <= 0) return false;
    offset += static_cast<std::uint64_t>(done);
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
  return true;
}

MOE_INLINE void RandomAccessOutput::close_direct() {
  if (direct_ != detail::no_file) detail::close_file(std::exchange(direct_, detail::no_file));
}

MOE_INLINE void RandomAccessOutput::fail_with(std::string_view place, std::string_view expected) const {
  fail(path_, place, expected, detail::message_of(detail::last_error()));
}

}  // namespace moe::inline MOE_ABI::detail
