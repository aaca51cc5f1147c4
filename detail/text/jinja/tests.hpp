// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "arguments.hpp"
#include "value.hpp"

#include <string_view>

namespace moe::inline MOE_ABI::detail::jinja {

class Interpreter;

/// A test of Jinja: `value is name(arguments)`.
struct Test {
  std::string_view name;
  bool (*function)(Interpreter& interpreter, const Value& value, const Arguments& arguments);
  bool parameters = true;  // whether the test takes arguments

  bool apply(Interpreter& interpreter, const Value& value, const Arguments& arguments) const;
};

/// The test of that name; null if there is none.
const Test* find_test(std::string_view name);

}  // namespace moe::inline MOE_ABI::detail::jinja

#if MOE_DEFINITIONS
#include "tests.ipp"
#endif
