// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "system.hpp"

#include <cstdint>
#include <string>

namespace moe::inline MOE_ABI::detail {

enum class FileAccess : std::uint8_t { read, write };

/// Opens an open file a second time, for reads or writes that bypass the page cache and must be aligned. Returns no_file if the
/// system or the file system has no such access. `path`: the path with which the file was opened. The function uses `path` only
/// on systems other than Windows if the handle alone does not suffice, and returns no_file if `path` now names another file.
FileHandle reopen_direct(FileHandle file, const std::string& path, FileAccess access);

/// The part of reopen_direct() that uses `path`: opens `path`; no_file unless `path` still names the open file.
FileHandle open_direct_if_same(FileHandle file, const std::string& path, FileAccess access);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "system_direct.ipp"
#endif
