#pragma once
#include "../core/config.hpp"
#include "../io/checkpoint.hpp"
#include "gguf_head.hpp"

namespace moe::inline MOE_ABI::detail {

/// Adds the metadata of `source` to the head of an extracted file. The metadata of a GGUF file is copied, except for the
/// keys that describe only that file. A config.json is translated into the keys of GGUF where these exist, and is stored
/// unchanged as `moe.config`, which this library reads instead of the translated keys.
void describe_source(const Checkpoint& source, GgufHead& head);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "source_metadata.ipp"
#endif
