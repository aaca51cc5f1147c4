#pragma once

namespace moe::detail {

/// Swaps numbers or pointers. std::swap and std::exchange have compilers ask much about each type before they do this.
template <class Value>
void swap_values(Value& a, Value& b) noexcept {
  const Value before = a;
  a = b;
  b = before;
}

}  // namespace moe::detail
