// SPDX-License-Identifier: MIT
#pragma once
#include "../core/concat.hpp"
#include "../core/config.hpp"
#include "../io/json.hpp"

#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// The member with this name; nothing if the member is missing or null.
inline Json find_value(const Json& object, std::string_view key) {
  const Json member = object.find(key);
  return member && !member.is_null() ? member : Json();
}

/// The flag with this name; `otherwise` if the flag is missing or null.
inline bool find_flag(const Json& object, std::string_view key, bool otherwise) {
  const Json flag = find_value(object, key);
  return flag ? flag.as_bool() : otherwise;
}

/// The type of a part of a tokenizer.json.
inline std::string_view type_of(const Json& part) { return part.at("type").as_string(); }

/// The part with this name; if the part is a Sequence of one part, the inner part. `parts`: the name of the list in such a
/// Sequence. Nothing if the part is missing or null.
inline Json find_part(const Json& root, std::string_view key, std::string_view parts) {
  Json part = find_value(root, key);
  while (part && type_of(part) == "Sequence" && part.at(parts).as_array().size() == 1)
    part = *part.at(parts).begin();
  return part;
}

inline Json find_pre_tokenizer(const Json& root) { return find_part(root, "pre_tokenizer", "pretokenizers"); }
inline Json find_decoder(const Json& root) { return find_part(root, "decoder", "decoders"); }

[[noreturn]] inline void refuse_type(const Json& part, std::string_view supported) {
  part.at("type").fail_here(supported, concat('"', type_of(part), '"'));
}

inline void require_type(const Json& part, std::string_view type) {
  if (type_of(part) != type) refuse_type(part, concat('"', type, '"'));
}

}  // namespace moe::inline MOE_ABI::detail
