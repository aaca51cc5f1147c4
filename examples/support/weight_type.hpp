// SPDX-License-Identifier: MIT
// Types of weights as options.
#pragma once
#include "detail/core/dtype.hpp"
#include "command_line.hpp"

#include <cstddef>
#include <string>

/// The type that an option names. Throws if the name is unknown, or if can_be(type) is false.
inline moe::DType type_of(const CommandLine& args, const std::string& option, bool (*can_be)(moe::DType)) {
  const std::string name = args.text(option, "");
  std::string names;
  for (std::size_t i = 0; i < moe::detail::usable_dtypes; ++i) {
    const auto type = static_cast<moe::DType>(i);
    if (!can_be(type)) continue;
    if (moe::detail::name(type) == name) return type;
    names += (names.empty() ? "" : ", ") + std::string(moe::detail::name(type));
  }
  throw UsageError(option + " is one of " + names + ", not '" + name + "'");
}
