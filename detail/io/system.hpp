#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

// The operating system's file and memory calls with one interface for POSIX and Windows. Paths are UTF-8. The functions
// neither check their arguments nor throw; after a failure last_error() says why.

#if defined(_WIN32)
using FileHandle = void*;                                                           // HANDLE
inline const FileHandle no_file = reinterpret_cast<FileHandle>(std::intptr_t{-1});  // INVALID_HANDLE_VALUE

/// The UTF-16 form of a path, which Windows takes.
std::wstring wide(const std::string& path);
#else
using FileHandle = int;
inline constexpr FileHandle no_file = -1;
#endif

int last_error();
std::string message_of(int error);

/// Whether an error only says that a signal interrupted the call, which can then be repeated.
bool interrupted(int error);

/// Opens a file for reading; no_file on failure.
FileHandle open_file(const std::string& path);

void close_file(FileHandle file);

/// Sets `size` to the number of bytes in the file; false on failure.
bool size_of_file(FileHandle file, std::uint64_t& size);

/// Reads up to `bytes` bytes at `offset`. Returns the number of bytes read, 0 at the end of the file, negative on an error.
std::int64_t read_file_at(FileHandle file, std::uint64_t offset, std::byte* into, std::size_t bytes);

/// Maps the first `bytes` bytes of a file for reading; null on failure.
void* map_file(FileHandle file, std::size_t bytes);
void unmap_file(void* address, std::size_t bytes);

/// Asks the system to read these bytes of a mapped file soon.
void will_need(std::byte* address, std::size_t bytes);

/// Size and alignment of a huge page.
inline constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;

/// Asks for huge pages wherever they fit into that memory; or for none there, whatever the system's default is.
void prefer_huge_pages(void* address, std::size_t bytes);
void avoid_huge_pages(void* address, std::size_t bytes);

/// Zeroed pages of memory; null if there are none. Large allocations begin where a huge page can begin, and ask for huge
/// pages: a page fault for every 4 KiB costs more than reading 4 KiB from a fast disk.
void* allocate_pages(std::size_t bytes);
void free_pages(void* address, std::size_t bytes);

/// Gives the memory of all whole pages within a range back to the system; their contents are lost.
void discard_pages(void* address, std::size_t bytes);

enum class PathKind { missing, file, directory };

PathKind kind_of(const std::string& path);

/// The names in a directory, in any order; none if it cannot be read.
std::vector<std::string> names_in(const std::string& directory);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "system.ipp"
#endif
