// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "system.hpp"

#include <cstdint>
#include <string>

namespace moe::inline MOE_ABI::detail {

enum class FileAccess : std::uint8_t { read, write };

/// Opens an open file a second time, so that reads or writes bypass the page cache; they must then be aligned. Returns
/// no_file if the system or the file system has no such access. `path` is the name that the file was opened with. The name
/// is a fallback only, and never leads to another file that has taken its place since.
FileHandle reopen_direct(FileHandle file, const std::string& path, FileAccess access);

/// The fallback of reopen_direct(): opens `path`; no_file unless that is the same file as `file`.
FileHandle open_direct_if_same(FileHandle file, const std::string& path, FileAccess access);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "system_direct.ipp"
#endif
