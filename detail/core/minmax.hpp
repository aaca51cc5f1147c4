#pragma once

namespace moe::detail {

// As std::min and std::max, whose header brings all algorithms and ranges, which takes compilers long.

template <class Value>
constexpr Value smaller(Value a, Value b) {
  return b < a ? b : a;
}
template <class Value>
constexpr Value larger(Value a, Value b) {
  return a < b ? b : a;
}

}  // namespace moe::detail
