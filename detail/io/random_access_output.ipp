// SPDX-License-Identifier: MIT
#pragma once
#include "random_access_output.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "system_direct.hpp"
#include "system_write.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE RandomAccessOutput::RandomAccessOutput(std::string path)
    : path_(std::move(path)), handle_(open_file_to_write(path_)) {
  if (!handle_) fail_with("opening", "a writable file");
  if (const PathKind kind = kind_of(handle_.get()); kind != PathKind::file)
    fail(path_, "opening", "a file", description_of(kind));
  direct_ = UniqueFile(reopen_direct(handle_.get(), path_, FileAccess::write));
}

MOE_INLINE std::uint64_t RandomAccessOutput::size() const {
  std::uint64_t bytes = 0;
  if (!size_of_file(handle_.get(), bytes)) fail_with("size", "a file with a size");
  return bytes;
}

MOE_INLINE void RandomAccessOutput::resize(std::uint64_t bytes) {
  if (!resize_file(handle_.get(), bytes)) fail_with("resizing", concat("room for ", bytes, " bytes"));
}

MOE_INLINE void RandomAccessOutput::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  const auto address = reinterpret_cast<std::uintptr_t>(bytes.data());
  const bool aligned = (offset | bytes.size() | address) % alignment == 0;
  // After a failure of the direct write, the ordinary write succeeds or reports the reason.
  if (aligned && direct_) {
    if (write_all(direct_.get(), offset, bytes)) return;
    direct_ = UniqueFile();
  }
  if (!write_all(handle_.get(), offset, bytes)) fail_with(concat("byte ", offset), "a successful write");
}

MOE_INLINE void RandomAccessOutput::write_at(std::uint64_t offset, std::string_view text) {
  write_at(offset, std::as_bytes(std::span(text.data(), text.size())));
}

MOE_INLINE void RandomAccessOutput::sync() {
  if (!sync_file(handle_.get())) fail_with("syncing", "a successful write");
}

MOE_INLINE void RandomAccessOutput::lock() {
  if (lock_file(handle_.get())) return;
  const int error = last_error();
  fail(path_, "locking", "a file that is not locked", is_locked(error) ? "a file in use" : message_of(error));
}

MOE_INLINE void RandomAccessOutput::fail_with(std::string_view place, std::string_view expected) const {
  fail(path_, place, expected, message_of(last_error()));
}

}  // namespace moe::inline MOE_ABI::detail
