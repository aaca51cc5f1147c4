#pragma once
#include "config.hpp"
#include "swap.hpp"

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace moe {

/// A growing array: what this library needs of std::vector, at a tenth of its cost for the compiler, which counts in a
/// library of headers. Iterators are pointers; growing, inserting and erasing make them invalid. T moves without throwing.
template <class T>
class List {
 public:
  using value_type = T;

  List() = default;
  explicit List(std::size_t size) { resize(size); }
  List(std::size_t size, const T& value) { resize(size, value); }
  List(std::initializer_list<T> values) : List(values.begin(), values.end()) {}
  List(const T* first, const T* last) {
    reserve(static_cast<std::size_t>(last - first));
    for (; first != last; ++first) push_back(*first);
  }
  // What users have is a vector. Templates, so that only who has one pays for it.
  template <std::same_as<std::vector<T>> Vector>
  List(const Vector& values)  // NOLINT(google-explicit-constructor)
      : List(values.data(), values.data() + values.size()) {}
  template <std::same_as<std::vector<T>> Vector>
  operator Vector() const {  // NOLINT(google-explicit-constructor)
    return Vector(begin(), end());
  }
  List(const List& other) : List(other.begin(), other.end()) {}
  List(List&& other) noexcept { swap(other); }
  List& operator=(List other) noexcept {
    swap(other);
    return *this;
  }
  ~List() {
    clear();
    ::operator delete(data_);
  }

  void swap(List& other) noexcept {
    detail::swap_values(data_, other.data_);
    detail::swap_values(size_, other.size_);
    detail::swap_values(capacity_, other.capacity_);
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }

  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }
  T& front() { return data_[0]; }
  const T& front() const { return data_[0]; }
  T& back() { return data_[size_ - 1]; }
  const T& back() const { return data_[size_ - 1]; }

  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }

  std::span<T> span() { return {data_, size_}; }
  std::span<const T> span() const { return {data_, size_}; }

  template <class Others>
  bool operator==(const Others& other) const {
    if (size_ != other.size()) return false;
    for (std::size_t i = 0; i < size_; ++i)
      if (!(data_[i] == other[i])) return false;
    return true;
  }

  void reserve(std::size_t capacity) {
    if (capacity > capacity_) move_to(capacity);
  }

  void push_back(T value) { emplace_back(static_cast<T&&>(value)); }

  /// The arguments must not be part of the list.
  template <class... Arguments>
  T& emplace_back(Arguments&&... arguments) {
    if (size_ == capacity_) reserve_more(size_ < 4 ? 8 : size_);
    T* made = ::new (static_cast<void*>(data_ + size_)) T(static_cast<Arguments&&>(arguments)...);
    ++size_;
    return *made;
  }

  /// Copies of values that are not part of the list.
  void append(std::span<const T> values) {
    reserve_more(values.size());
    for (const T& value : values) emplace_back(value);
  }

  /// Before the i-th.
  void insert_at(std::size_t i, T value) {
    MOE_ASSERT(i <= size_);
    push_back(std::move(value));
    for (std::size_t from = size_ - 1; from > i; --from) std::swap(data_[from], data_[from - 1]);
  }

  void erase_at(std::size_t i) {
    MOE_ASSERT(i < size_);
    for (; i + 1 < size_; ++i) data_[i] = static_cast<T&&>(data_[i + 1]);
    pop_back();
  }

  void pop_back() {
    MOE_ASSERT(size_ > 0);
    data_[--size_].~T();
  }

  void clear() { shrink(0); }

  /// Leaves the first `size` at most.
  void shrink(std::size_t size) {
    while (size_ > size) pop_back();
  }

  /// New ones are like T().
  void resize(std::size_t size) {
    if (size > size_) reserve_more(size - size_);
    shrink(size);
    while (size_ < size) emplace_back();
  }

  /// New ones are like `value`.
  void resize(std::size_t size, const T& value) {
    if (size > size_) reserve_more(size - size_);
    shrink(size);
    while (size_ < size) emplace_back(value);
  }

  /// `size` times `value`.
  void assign(std::size_t size, const T& value) {
    clear();
    resize(size, value);
  }

 private:
  static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

  void reserve_more(std::size_t more) {
    if (more > capacity_ - size_) move_to(size_ + more > 2 * size_ ? size_ + more : 2 * size_);
  }

  void move_to(std::size_t capacity) {
    static_assert(noexcept(T(static_cast<T&&>(*data_))));
    if (capacity > static_cast<std::size_t>(-1) / sizeof(T)) throw std::bad_alloc();
    T* moved = static_cast<T*>(::operator new(capacity * sizeof(T)));
    for (std::size_t i = 0; i < size_; ++i) {
      ::new (static_cast<void*>(moved + i)) T(static_cast<T&&>(data_[i]));
      data_[i].~T();
    }
    ::operator delete(data_);
    data_ = moved;
    capacity_ = capacity;
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace moe
