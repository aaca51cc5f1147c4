// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

namespace moe::inline MOE_ABI::detail {

/// An array of `size` zeroed items, aligned to a cache line. The system usually provides the memory of a page only when the
/// page is first touched, so a buffer may be sized for the worst case. Throws std::bad_alloc, also if the size in bytes
/// overflows.
template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 64);

 public:
  static constexpr std::size_t alignment = 64;

  Buffer() = default;
  explicit Buffer(std::size_t size) : size_(size) {
    if (size > (SIZE_MAX - alignment) / sizeof(T)) throw std::bad_alloc();
    // calloc, unlike an aligned allocation, takes large arrays from the system as zero pages without touching them.
    memory_ = std::calloc(1, size * sizeof(T) + alignment);
    if (!memory_) throw std::bad_alloc();
    const auto address = reinterpret_cast<std::uintptr_t>(memory_);
    data_ = reinterpret_cast<T*>((address + alignment - 1) / alignment * alignment);
  }
  ~Buffer() { std::free(memory_); }
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }

  void swap(Buffer& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return size_ * sizeof(T); }

  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }

  std::span<T> span() { return {data_, size_}; }
  std::span<const T> span() const { return {data_, size_}; }

 private:
  void* memory_ = nullptr;
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace moe::inline MOE_ABI::detail
