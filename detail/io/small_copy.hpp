// SPDX-License-Identifier: MIT
#pragma once
#include "../core/concat.hpp"
#include "../core/config.hpp"
#include "../core/dtype.hpp"
#include "file.hpp"

#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

// A small copy of the experts of an extraction: a file experts.TYPE.gguf beside experts.gguf, with the same tensors in another
// type. A small copy is lossy, so no reader may take it for the exact experts: its metadata has the key small_copy_key, and
// only Checkpoint::small_copy() opens a file with this key.

/// The key in the metadata of a small copy. The value is `moe.head_crc32c` of the file experts.gguf with the exact experts.
/// This checksum depends on every bit of these experts.
inline constexpr std::string_view small_copy_key = "moe.small_copy_of";

/// The name of the file, such as `experts.q2_k.gguf`.
inline std::string small_copy_name(DType type) { return concat("experts.", name(type), ".gguf"); }

/// Whether a file name has the form of small_copy_name().
inline bool is_small_copy_name(std::string_view name) {
  return name.starts_with("experts.") && name.ends_with(".gguf") && name != "experts.gguf";
}

/// Throws unless the file is a small copy of the experts in the file at the path `experts`.
void require_copy_of(const File& small_copies, const std::string& experts);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "small_copy.ipp"
#endif
