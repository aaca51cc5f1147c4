// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"
#include "checkpoint_contents.hpp"

#include <string>

namespace moe::inline MOE_ABI::detail {

/// Opens a checkpoint in GGUF: a file, all parts of a split file, or the model in a directory (dense.gguf with experts.gguf,
/// or the file that gguf_in_directory() finds). Reads and checks the heads of the files; throws if anything in them is
/// wrong, and for a small copy of experts.
CheckpointContents open_gguf(const std::string& path);

/// Opens the output of the extractor with a small copy of its experts in place of experts.gguf. Throws if there is none of this
/// type, or if it is a copy of other experts.
CheckpointContents open_small_copy(const std::string& directory, DType type);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf.ipp"
#endif
