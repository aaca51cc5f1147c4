// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// Reads the name of a tensor from the front, part by part.
class NameReader {
 public:
  explicit NameReader(std::string_view name) : rest_(name) {}

  /// The part that was not read yet.
  std::string_view rest() const { return rest_; }

  /// Reads `expected` and returns true. If the rest does not begin with `expected`, reads nothing and returns false.
  bool skip(std::string_view expected);

  /// Reads a decimal number below 2^32. If the rest does not begin with such a number, reads nothing and returns no value.
  std::optional<std::uint32_t> number();

 private:
  std::string_view rest_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "name_reader.ipp"
#endif
