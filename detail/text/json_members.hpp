#pragma once
#include "../io/json.hpp"

#include <string_view>

namespace moe::detail {

// Members that may be missing. Null is as good as missing.

inline Json find_value(const Json& object, std::string_view key) {
  const Json member = object.find(key);
  return member && !member.is_null() ? member : Json();
}

inline bool find_flag(const Json& object, std::string_view key, bool otherwise) {
  const Json flag = find_value(object, key);
  return flag ? flag.as_bool() : otherwise;
}

}  // namespace moe::detail
