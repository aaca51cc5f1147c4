#pragma once
#include "json_members.hpp"
#include "../core/concat.hpp"

#include <cstring>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE Json find_value(const Json& object, std::string_view key) {
  const Json member = object.find(key);
  return member && !member.is_null() ? member : Json();
}

MOE_INLINE bool find_flag(const Json& object, std::string_view key, bool otherwise) {
  const Json flag = find_value(object, key);
  return flag ? flag.as_bool() : otherwise;
}

MOE_INLINE void refuse_type(const Json& part, std::string_view supported) {
  part.at("type").fail_here(supported, concat('"', type_of(part), '"'));
}

MOE_INLINE void require_type(const Json& part, std::string_view type) {
  if (type_of(part) != type) refuse_type(part, concat('"', type, '"'));
}

}  // namespace moe::inline MOE_ABI::detail
