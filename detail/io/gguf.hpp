// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "checkpoint_contents.hpp"

#include <string>

namespace moe::inline MOE_ABI::detail {

/// Opens a checkpoint in GGUF: a file, all parts of a split file, or the model in a directory (dense.gguf with experts.gguf,
/// or the file that gguf_in_directory() finds). Reads and checks the heads of the files; throws if anything in them is
/// wrong.
CheckpointContents open_gguf(const std::string& path);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf.ipp"
#endif
