// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "file.hpp"
#include "gguf_metadata.hpp"
#include "tensor_info.hpp"

#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The head of one GGUF file. Tensors have the names of the file and are sorted by name; shapes have the outermost dimension
/// first.
struct GgufContents {
  GgufMetadata metadata;
  std::vector<TensorInfo> tensors;
};

/// Reads and checks the head of one file: GGUF 2 or 3, little endian. A file has these parts, in this order: magic number,
/// version, number of tensors, number of metadata values, the values, descriptions of the tensors, padding, data of tensors.
GgufContents parse_gguf(const File& file);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf_parser.ipp"
#endif
