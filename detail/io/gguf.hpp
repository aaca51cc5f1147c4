// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"
#include "checkpoint_contents.hpp"

#include <string>

namespace moe::inline MOE_ABI::detail {

/// Opens a checkpoint in GGUF: a file, all parts of a split file, or the model in a directory: dense.gguf, with experts.gguf if
/// it exists, or the model that gguf_in_directory() finds. Reads and checks the heads of the files. Throws if anything in the
/// heads is wrong, or if a file is a small copy of experts, because a small copy is lossy.
CheckpointContents open_gguf(const std::string& path);

/// Opens the output of the extractor with a small copy of its experts in place of experts.gguf. Throws if the directory
/// has no small copy of this type, or if the small copy does not belong to experts.gguf.
CheckpointContents open_small_copy(const std::string& directory, DType type);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf.ipp"
#endif
