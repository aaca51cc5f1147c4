#pragma once
#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

namespace moe::detail {

inline void append(std::string& out, std::string_view text) { out += text; }
inline void append(std::string& out, char c) { out += c; }

template <class Number>
requires(std::is_arithmetic_v<Number> && !std::same_as<Number, char>) void append(std::string& out,
                                                                                  Number number) {
  out += std::to_string(number);
}

/// The arguments one after the other; numbers in decimal. Strings, characters and numbers only.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::string out;
  (append(out, parts), ...);
  return out;
}

/// `[2048, 768]`
template <class Range>
std::string concat_list(const Range& items) {
  std::string out = "[";
  for (const auto& item : items) {
    if (out.size() > 1) out += ", ";
    append(out, item);
  }
  return out += ']';
}

}  // namespace moe::detail
