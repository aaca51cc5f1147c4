#pragma once
#include "../core/config.hpp"

#include <cstring>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// Reads the notation of the Unicode tables: hexadecimal numbers with signs between them.
class TableReader {
 public:
  explicit TableReader(std::string_view table) : rest_(table) {}

  bool done() const { return rest_.empty(); }

  char32_t number();

  bool take(char sign);

 private:
  std::string_view rest_;
};

/// Calls f(code_point) for all that a table of ranges holds.
template <class F>
void for_each_in_ranges(std::string_view ranges, F f) {
  for (TableReader in(ranges); !in.done(); in.take(' ')) {
    const char32_t first = in.number();
    const char32_t last = in.take('-') ? in.number() : first;
    for (char32_t c = first; c <= last; ++c) f(c);
  }
}

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "table_reader.ipp"
#endif
