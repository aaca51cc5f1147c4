// SPDX-License-Identifier: MIT
#pragma once
#include "name_reader.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE bool NameReader::skip(std::string_view expected) {
  if (!rest_.starts_with(expected)) return false;
  rest_.remove_prefix(expected.size());
  return true;
}

MOE_INLINE std::optional<std::uint32_t> NameReader::number() {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
  if (error != std::errc()) return {};
  rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
  return value;
}

}  // namespace moe::inline MOE_ABI::detail
