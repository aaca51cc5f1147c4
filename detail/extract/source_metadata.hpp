// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/checkpoint.hpp"
#include "gguf_head.hpp"

namespace moe::inline MOE_ABI::detail {

/// Adds the metadata of `source` to the head of an extracted file. The metadata of a GGUF file is copied, except for the
/// keys that describe only that file. Of a Hugging Face checkpoint the text of config.json becomes `moe.config`, and the
/// architecture is `moe`, because no other architecture of GGUF has the tensor names of Hugging Face.
void describe_source(const Checkpoint& source, GgufHead& head);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "source_metadata.ipp"
#endif
