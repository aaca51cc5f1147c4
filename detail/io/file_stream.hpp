// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "file.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// Reads a file sequentially through a buffer. The members that read throw if the file ends too early.
class FileStream {
 public:
  explicit FileStream(const File& file) : file_(file) {}

  std::uint64_t position() const { return begin_ + at_; }
  std::uint64_t left() const { return file_.size() - position(); }

  /// The next `bytes` bytes; `bytes` is at most buffer_bytes. The view is valid until the next call.
  std::string_view take(std::size_t bytes);

  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  std::string text(std::uint64_t bytes);

  void skip(std::uint64_t bytes);

  /// Throws an Error about the item that was read last. Its place is the position where the item begins, and `place`.
  [[noreturn]] void fail_here(std::string_view place, std::string_view expected,
                              std::string_view found) const;

 private:
  static constexpr std::size_t buffer_bytes = std::size_t{1} << 16;

  /// Begins an item of `bytes` bytes. Throws unless at least so many bytes remain.
  void begin_item(std::uint64_t bytes);

  /// Moves the buffer to the current position.
  void refill();

  const File& file_;
  std::string buffer_;
  std::uint64_t begin_ = 0;  // the position of the buffer in the file
  std::size_t at_ = 0;       // the current position in the buffer
  std::uint64_t item_ = 0;   // the position in the file where the item begins that was read last
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "file_stream.ipp"
#endif
