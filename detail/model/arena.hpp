// SPDX-License-Identifier: MIT
#pragma once
#include "../core/buffer.hpp"
#include "../core/config.hpp"

#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// Memory for the intermediate results of a step: a stack of arrays. A Frame gives back the arrays that are taken during
/// its lifetime.
/// An arena without memory only counts: its arrays have sizes but no memory, and peak_bytes() is the memory that the same calls
/// need.
class Arena {
 public:
  Arena() = default;
  explicit Arena(std::size_t bytes);

  /// The largest size in bytes of all arrays that were in use at one time, alignment included.
  std::size_t peak_bytes() const { return peak_; }

  /// An array of n items with unspecified contents, aligned to a cache line. Precondition of an arena with memory: the array
  /// fits. Throws an Error if the array is larger than an object can be.
  template <class T>
  std::span<T> take(std::size_t n) {
    std::byte* const at = take_bytes(n, sizeof(T));
    return {reinterpret_cast<T*>(at), n};
  }

  /// The destructor gives back all arrays that were taken since the constructor.
  class Frame {
   public:
    explicit Frame(Arena& arena) : arena_(arena), begin_(arena.used_) {}
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;
    ~Frame() { arena_.used_ = begin_; }

   private:
    Arena& arena_;
    std::size_t begin_;
  };

 private:
  std::byte* take_bytes(std::size_t count, std::size_t item_bytes);

  Buffer<std::byte> memory_;
  std::size_t used_ = 0, peak_ = 0;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "arena.ipp"
#endif
