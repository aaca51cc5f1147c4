// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "checkpoint_contents.hpp"

#include <string>

namespace moe::inline MOE_ABI::detail {

/// Opens a checkpoint in the layout of Hugging Face. `path` is a directory with model.safetensors, or with shards and their
/// index model.safetensors.index.json; or a safetensors file. If a directory has model.safetensors and an index, only
/// model.safetensors is opened, as in transformers. If the index lists the file, all shards are opened. config.json and
/// generation_config.json are read if they exist.
CheckpointContents open_hugging_face(const std::string& path);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "hugging_face.ipp"
#endif
