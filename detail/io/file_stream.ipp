// SPDX-License-Identifier: MIT
#pragma once
#include "file_stream.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::string_view FileStream::take(std::size_t bytes) {
  begin_item(bytes);
  if (buffer_.size() - at_ < bytes) refill();
  const std::string_view out = std::string_view(buffer_).substr(at_, bytes);
  at_ += bytes;
  return out;
}

MOE_INLINE std::string FileStream::text(std::uint64_t bytes) {
  begin_item(bytes);
  const std::uint64_t begin = item_;
  std::string out;
  while (out.size() < bytes)
    out += take(static_cast<std::size_t>(std::min(bytes - out.size(), std::uint64_t{buffer_bytes})));
  item_ = begin;  // each take() has begun an item of its own
  return out;
}

MOE_INLINE void FileStream::skip(std::uint64_t bytes) {
  begin_item(bytes);
  const std::uint64_t buffered = buffer_.size() - at_;
  if (bytes <= buffered) {
    at_ += static_cast<std::size_t>(bytes);
  } else {
    begin_ = position() + bytes;
    buffer_.clear();
    at_ = 0;
  }
}

MOE_INLINE void FileStream::fail_here(std::string_view place, std::string_view expected,
                                      std::string_view found) const {
  fail(file_.path(), concat("byte ", item_, place.empty() ? "" : ", ", place), expected, found);
}

MOE_INLINE void FileStream::begin_item(std::uint64_t bytes) {
  item_ = position();
  if (bytes > left())
    fail_here("", concat(bytes, " more bytes"), concat(left(), " until the end of the file"));
}

MOE_INLINE void FileStream::refill() {
  begin_ += at_;
  at_ = 0;
  buffer_.resize(static_cast<std::size_t>(std::min(file_.size() - begin_, std::uint64_t{buffer_bytes})));
  file_.read_at(begin_, std::as_writable_bytes(std::span(buffer_.data(), buffer_.size())));
}

}  // namespace moe::inline MOE_ABI::detail
