// SPDX-License-Identifier: MIT
#pragma once
#include "checked.hpp"
#include "concat.hpp"
#include "error.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::size_t checked_size(std::string_view file, std::string_view place,
                                    std::initializer_list<std::uint64_t> factors) {
  const std::optional<std::uint64_t> bytes = checked_product(factors);
  if (bytes && *bytes <= PTRDIFF_MAX) return static_cast<std::size_t>(*bytes);
  std::string product;
  for (const std::uint64_t factor : factors) product += concat(product.empty() ? "" : " · ", factor);
  fail(file, place, concat("at most ", PTRDIFF_MAX, " bytes"), product);
}

}  // namespace moe::inline MOE_ABI::detail
