// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "arguments.hpp"
#include "memory.hpp"
#include "value.hpp"

#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail::jinja {

class Interpreter;
struct LocalTime;

/// Whether there is a global function with this name.
bool is_function(std::string_view name);

/// Calls a global function of Jinja, or raise_exception or strftime_now of transformers.
Value call_function(Interpreter& interpreter, std::string_view name, const Arguments& arguments);

/// Calls a method of an object. The object must have the method: see get_attribute().
Value call_method(Interpreter& interpreter, const Value& self, std::string_view name,
                  const Arguments& arguments);

/// datetime.strftime() in the locale C, with the flags - _ 0 ^ # of the C library of GNU, but without widths, without the
/// modifiers E and O, and without the field s, which throws.
std::string format_time(Memory& memory, const LocalTime& time, std::string_view format);

}  // namespace moe::inline MOE_ABI::detail::jinja

#if MOE_DEFINITIONS
#include "functions.ipp"
#include "methods.ipp"
#endif
