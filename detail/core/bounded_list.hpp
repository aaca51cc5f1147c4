#pragma once
#include "buffer.hpp"
#include "config.hpp"

#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// A list with room for so many items from the start: it never allocates again.
template <class T>
class BoundedList {
 public:
  BoundedList() = default;
  explicit BoundedList(std::size_t capacity) : items_(capacity) {}

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return items_.bytes(); }
  T& operator[](std::size_t i) { return items_[i]; }
  T* begin() { return items_.data(); }
  T* end() { return items_.data() + size_; }
  std::span<const T> span() const { return {items_.data(), size_}; }

  void clear() { size_ = 0; }
  void push_back(const T& item) {
    MOE_ASSERT(size_ < items_.size());
    items_[size_++] = item;
  }

  /// The items behind move up by one place.
  void erase_at(std::size_t place) {
    for (--size_; place < size_; ++place) items_[place] = items_[place + 1];
  }

 private:
  Buffer<T> items_;
  std::size_t size_ = 0;
};

}  // namespace moe::inline MOE_ABI::detail
