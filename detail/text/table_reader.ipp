#pragma once
#include "table_reader.hpp"

#include <charconv>
#include <cstddef>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE char32_t TableReader::number() {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value, 16);
  rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
  return value;
}

MOE_INLINE bool TableReader::take(char sign) {
  if (done() || rest_.front() != sign) return false;
  rest_.remove_prefix(1);
  return true;
}

}  // namespace moe::inline MOE_ABI::detail
