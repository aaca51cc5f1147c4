#pragma once
#include "../core/config.hpp"
#include "system.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace moe::inline MOE_ABI::detail {

// The operating system's calls for writing at offsets and for making sure that data lasts. As in system.hpp: paths are UTF-8,
// no checks, no exceptions.

/// Opens a file for reading and writing, and creates it if it is missing.
FileHandle open_file_to_write(const std::string& path);

/// Returns the number of bytes written, negative on an error.
std::int64_t write_file_at(FileHandle file, std::uint64_t offset, const std::byte* from, std::size_t bytes);

bool resize_file(FileHandle file, std::uint64_t bytes);

/// Returns when everything that was written to the file, or to the list of a directory's files, is on the disk.
bool sync_file(FileHandle file);
bool sync_directory(const std::string& path);

/// Locks the file until it is closed or the process ends; false if another process holds the lock.
bool lock_file(FileHandle file);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "system_write.ipp"
#endif
