// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "json.hpp"

#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// A text in UTF-8 as a JSON string with quotes. Escapes only the characters that JSON requires to be escaped.
std::string to_json(std::string_view text);

/// A value in one line, in the format of Python's json.dumps(value, ensure_ascii=False): `{"a": [1, 2]}`. Numbers keep the
/// text that they have in the document.
std::string to_json(const Json& value);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "json_writer.ipp"
#endif
