#pragma once
#include "../core/config.hpp"
#include "../io/json.hpp"

#include <cstring>
#include <string>

namespace moe::inline MOE_ABI::detail {

/// A value as JSON text, numbers as they were written.
std::string json_text(const Json& value);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "json_text.ipp"
#endif
