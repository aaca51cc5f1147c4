#pragma once
#include "../core/config.hpp"
#include "../io/json.hpp"

#include <cstring>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

// Members that may be missing. Null is as good as missing.

Json find_value(const Json& object, std::string_view key);

bool find_flag(const Json& object, std::string_view key, bool otherwise);

// What a part of a tokenizer is.

inline std::string_view type_of(const Json& part) { return part.at("type").as_string(); }

[[noreturn]] void refuse_type(const Json& part, std::string_view supported);

void require_type(const Json& part, std::string_view type);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "json_members.ipp"
#endif
