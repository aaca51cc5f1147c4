#pragma once
#include "../core/error.hpp"
#include "file.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace moe::detail {

/// Reads a file from front to back, through a buffer. Throws where it ends too early.
class FileStream {
 public:
  explicit FileStream(const File& file) : file_(file) {}

  std::uint64_t position() const { return begin_ + at_; }
  std::uint64_t left() const { return file_.size() - position(); }

  /// The next bytes, at most buffer_bytes; valid until the next call.
  std::string_view take(std::size_t bytes) {
    require(bytes);
    if (buffer_.size() - at_ < bytes) refill();
    const std::string_view out = std::string_view(buffer_).substr(at_, bytes);
    at_ += bytes;
    return out;
  }

  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  std::string text(std::uint64_t bytes) {
    require(bytes);
    std::string out;
    while (out.size() < bytes)
      out += take(static_cast<std::size_t>(std::min(bytes - out.size(), std::uint64_t{buffer_bytes})));
    return out;
  }

  void skip(std::uint64_t bytes) {
    require(bytes);
    const std::uint64_t buffered = buffer_.size() - at_;
    if (bytes <= buffered) {
      at_ += static_cast<std::size_t>(bytes);
    } else {
      begin_ = position() + bytes;
      buffer_.clear();
      at_ = 0;
    }
  }

  [[noreturn]] void fail_here(std::string_view place, std::string_view expected,
                              std::string_view found) const {
    fail(file_.path(), concat("byte ", position(), place.empty() ? "" : ", ", place), expected, found);
  }

 private:
  static constexpr std::size_t buffer_bytes = std::size_t{1} << 16;

  void require(std::uint64_t bytes) const {
    if (bytes > left())
      fail_here("", concat(bytes, " more bytes"), concat(left(), " to the end of the file"));
  }

  void refill() {
    begin_ += at_;
    at_ = 0;
    buffer_.resize(static_cast<std::size_t>(std::min(file_.size() - begin_, std::uint64_t{buffer_bytes})));
    file_.read_at(begin_, std::as_writable_bytes(std::span(buffer_.data(), buffer_.size())));
  }

  const File& file_;
  std::string buffer_;
  std::uint64_t begin_ = 0;  // of the buffer in the file
  std::size_t at_ = 0;       // in the buffer
};

}  // namespace moe::detail
