// SPDX-License-Identifier: MIT
#pragma once
#include "small_copy.hpp"
#include "../core/error.hpp"
#include "gguf_parser.hpp"

#include <string>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void require_copy_of(const File& small_copies, const std::string& experts) {
  const auto copy_of = parse_gguf(small_copies).metadata.whole(small_copy_key);
  const auto exact = parse_gguf(File(experts)).metadata.whole("moe.head_crc32c");
  if (!exact) fail(experts, "moe.head_crc32c", "the checksum that the extractor writes", "none");
  if (copy_of == exact) return;
  fail(small_copies.path(), small_copy_key, concat(*exact, ", the checksum of ", experts),
       copy_of ? concat(*copy_of, ", a copy of other experts") : "none");
}

}  // namespace moe::inline MOE_ABI::detail
