#pragma once
#include "../../core/config.hpp"
#include "arguments.hpp"
#include "memory.hpp"
#include "value.hpp"

namespace moe::inline MOE_ABI::detail::jinja {

/// format % arguments: the conversions d i u s r x X o e E f F g G c %.
Value format_percent(Memory& memory, const Value& format, const Value& arguments);

/// format.format(arguments): fields by position and name, with elements, and format specifications of texts and numbers.
Value format_braces(Memory& memory, const Value& format, const Arguments& arguments);

}  // namespace moe::inline MOE_ABI::detail::jinja

#if MOE_DEFINITIONS
#include "format.ipp"
#endif
