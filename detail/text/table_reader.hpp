// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <charconv>
#include <cstddef>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// Reads the notation of the Unicode tables: hexadecimal numbers with signs between them.
class TableReader {
 public:
  explicit TableReader(std::string_view table) : rest_(table) {}

  bool done() const { return rest_.empty(); }

  char32_t number() {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value, 16);
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

  /// Whether the sign comes next; if so, skips the sign.
  bool take(char sign) {
    if (done() || rest_.front() != sign) return false;
    rest_.remove_prefix(1);
    return true;
  }

 private:
  std::string_view rest_;
};

/// Calls f(code_point) for each code point of a table of ranges.
template <class F>
void for_each_in_ranges(std::string_view ranges, F f) {
  for (TableReader in(ranges); !in.done(); in.take(' ')) {
    const char32_t first = in.number();
    const char32_t last = in.take('-') ? in.number() : first;
    for (char32_t c = first; c <= last; ++c) f(c);
  }
}

}  // namespace moe::inline MOE_ABI::detail
