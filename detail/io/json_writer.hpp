#pragma once
#include "../core/config.hpp"
#include "json.hpp"

#include <cstring>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

void append_json_string(std::string& out, std::string_view text);

void append_json(std::string& out, const Json& value);

/// A text, which should be UTF-8, as a JSON string with its quotes. Only what must be escaped is.
std::string to_json(std::string_view text);

/// A value in one line, as Python's json.dumps(value, ensure_ascii=False) writes it: `{"a": [1, 2]}`. Numbers
/// stay as they were written.
std::string to_json(const Json& value);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "json_writer.ipp"
#endif
