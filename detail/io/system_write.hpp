// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "system.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace moe::inline MOE_ABI::detail {

// The calls of the operating system that write at an offset and that make written data durable, with the conventions of
// system.hpp.

/// Opens a file for reading and writing, and creates it if it is missing. Returns at once, also for a FIFO without a reader.
FileHandle open_file_to_write(const std::string& path);

/// Writes up to `bytes` bytes at `offset`. Returns the number of bytes written, negative on an error.
std::int64_t write_file_at(FileHandle file, std::uint64_t offset, const std::byte* from, std::size_t bytes);

/// Writes all of `bytes` at `offset`; false on an error. An interrupted write is repeated.
bool write_all(FileHandle file, std::uint64_t offset, std::span<const std::byte> bytes);

bool resize_file(FileHandle file, std::uint64_t bytes);

/// Returns when all writes to the file are on the disk; false on failure. On macOS the writes may still be in the cache of the
/// disk.
bool sync_file(FileHandle file);

/// Returns when all changes to the names in the directory are on the disk; false on failure. Does nothing on Windows.
bool sync_directory(const std::string& path);

/// Gives a file or directory another name on the same disk, and replaces a file that has this name; false on failure. On
/// Windows the call fails while the file, or a file in the directory, is open; the function tries again for about a second,
/// because virus scanners and indexers open new files for a moment.
bool rename_file(const std::string& from, const std::string& to);

/// Locks the file until it is closed or the process ends; false if the file is locked already, or cannot be locked.
bool lock_file(FileHandle file);

/// Whether this error of lock_file() means that the file is locked already.
bool is_locked(int error);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "system_write.ipp"
#endif
