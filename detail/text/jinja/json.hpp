// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "../../io/json.hpp"
#include "arguments.hpp"
#include "memory.hpp"
#include "value.hpp"

namespace moe::inline MOE_ABI::detail::jinja {

/// The value of a JSON text, as Python's json.loads makes it. The text is an input: the limits of `memory` grow with the size
/// of the text. `json` must outlive the value.
Value from_json(Memory& memory, const Json& json);

/// The filter tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False) of transformers: Python's
/// json.dumps.
Value to_json_text(Memory& memory, const Value& value, const Arguments& arguments);

}  // namespace moe::inline MOE_ABI::detail::jinja

#if MOE_DEFINITIONS
#include "json.ipp"
#endif
