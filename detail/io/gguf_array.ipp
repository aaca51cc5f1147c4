// SPDX-License-Identifier: MIT
#pragma once
#include "gguf_array.hpp"
#include "../core/concat.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE GgufArray::GgufArray(const File& file, const GgufMetadata& metadata, std::string_view key,
                                GgufType element_type)
    : metadata_(metadata), in_(file) {
  metadata.require(key);
  value_ = metadata.find(key);
  if (value_->type != GgufType::array || value_->element_type != element_type)
    metadata_.fail_type(*value_, concat("an array of type ", name(element_type)));
  in_.skip(value_->offset);
}

MOE_INLINE void GgufArray::require_count(std::uint64_t count) const {
  if (value_->count != count) fail(concat(count, " elements"), concat(value_->count));
}

MOE_INLINE std::string GgufArray::text(std::uint64_t most_bytes) {
  const auto length = in_.number<std::uint64_t>();
  if (length > most_bytes)
    fail(concat("strings of at most ", most_bytes, " bytes"), concat("a string of ", length, " bytes"));
  return in_.text(length);
}

MOE_INLINE void GgufArray::fail(std::string_view expected, std::string_view found) const {
  metadata_.fail_at(*value_, expected, found);
}

}  // namespace moe::inline MOE_ABI::detail
