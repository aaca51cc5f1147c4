#pragma once
#include "swap.hpp"

namespace moe {

/// The owner of one T on the heap, or of none; it moves, the T does not. As std::unique_ptr, at a tenth of its cost for the
/// compiler.
template <class T>
class Owned {
 public:
  Owned() = default;
  explicit Owned(T* made_by_new) : object_(made_by_new) {}
  Owned(Owned&& other) noexcept { detail::swap_values(object_, other.object_); }
  Owned& operator=(Owned&& other) noexcept {
    detail::swap_values(object_, other.object_);
    return *this;
  }
  ~Owned() { delete object_; }

  T* get() const { return object_; }
  /// The object, which the caller owns from now on.
  [[nodiscard]] T* release() {
    T* const object = object_;
    object_ = nullptr;
    return object;
  }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

}  // namespace moe
