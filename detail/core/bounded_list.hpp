#pragma once
#include "buffer.hpp"
#include "config.hpp"

#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// A list of at most `capacity` items. It allocates once, in the constructor, and never moves its items.
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

  /// The list must not be full.
  void push_back(const T& item) {
    MOE_ASSERT(size_ < items_.size());
    items_[size_++] = item;
  }

  /// Removes the item at `place`, which must exist; the later items move forward by one.
  void erase_at(std::size_t place) {
    MOE_ASSERT(place < size_);
    for (--size_; place < size_; ++place) items_[place] = items_[place + 1];
  }

 private:
  Buffer<T> items_;
  std::size_t size_ = 0;
};

}  // namespace moe::inline MOE_ABI::detail
