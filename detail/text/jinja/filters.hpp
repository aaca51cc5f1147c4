// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "arguments.hpp"
#include "value.hpp"

#include <string_view>

namespace moe::inline MOE_ABI::detail::jinja {

class Interpreter;

/// A filter of Jinja, or tojson of transformers.
struct Filter {
  std::string_view name;
  Value (*function)(Interpreter& interpreter, const Value& value, const Arguments& arguments);
  bool parameters = true;  // whether the filter takes arguments

  Value apply(Interpreter& interpreter, const Value& value, const Arguments& arguments) const;
};

/// The filter of that name; null if there is none.
const Filter* find_filter(std::string_view name);

}  // namespace moe::inline MOE_ABI::detail::jinja

#if MOE_DEFINITIONS
#include "filters.ipp"
#endif
