#pragma once
#include "swap.hpp"

#include <atomic>
#include <cstddef>

namespace moe {

/// One of the owners of one T on the heap, which goes with the last of them. Owners may be copied and destroyed on several
/// threads. As std::shared_ptr, at a tenth of its cost for the compiler.
template <class T>
class Shared {
 public:
  template <class Argument>
  explicit Shared(const Argument& argument) : counted_(new Counted(argument)) {}
  Shared(const Shared& other) noexcept : counted_(other.counted_) {
    if (counted_) counted_->owners.fetch_add(1, std::memory_order_relaxed);
  }
  Shared(Shared&& other) noexcept { detail::swap_values(counted_, other.counted_); }
  Shared& operator=(Shared other) noexcept {
    detail::swap_values(counted_, other.counted_);
    return *this;
  }
  ~Shared() {
    if (counted_ && counted_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete counted_;
  }

  T* operator->() const { return &counted_->object; }

 private:
  struct Counted {
    template <class Argument>
    explicit Counted(const Argument& argument) : object(argument) {}

    std::atomic<std::size_t> owners = 1;
    T object;
  };

  Counted* counted_ = nullptr;
};

}  // namespace moe
