// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

#include <concepts>
#include <type_traits>

namespace moe::inline MOE_ABI::detail {

template <class F, class Not>
concept OtherThan = !std::same_as<std::remove_cvref_t<F>, Not>;

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

template <class Signature>
class FunctionRef;

/// A reference to a callable object: two pointers, no allocation. The object must outlive the reference. A
/// default-constructed reference is empty and must not be called.
template <class Result, class... Args>
class FunctionRef<Result(Args...)> {
 public:
  FunctionRef() = default;

  /// Refers to `callable`, without a copy.
  template <detail::OtherThan<FunctionRef> F>
  FunctionRef(F&& callable) noexcept  // NOLINT(google-explicit-constructor): callers pass a lambda
      : object_(const_cast<void*>(static_cast<const void*>(&callable))),
        call_([](void* object, Args... args) -> Result {
          return (*static_cast<std::remove_reference_t<F>*>(object))(static_cast<Args&&>(args)...);
        }) {}

  /// Whether there is a callable.
  explicit operator bool() const { return call_ != nullptr; }
  /// Calls the callable. Undefined if there is none.
  Result operator()(Args... args) const { return call_(object_, static_cast<Args&&>(args)...); }

 private:
  void* object_ = nullptr;
  Result (*call_)(void*, Args...) = nullptr;
};

}  // namespace moe::inline MOE_ABI
