// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "huge_page_placement.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

// The file and memory calls of the operating system, with one interface for POSIX and Windows. Paths are UTF-8. The
// functions neither check their arguments nor throw an Error; after a failure, last_error() is the reason.

#if defined(_WIN32)
using FileHandle = void*;                                                           // HANDLE
inline const FileHandle no_file = reinterpret_cast<FileHandle>(std::intptr_t{-1});  // INVALID_HANDLE_VALUE

/// The UTF-16 form of a path, as the functions of Windows take it. A long path becomes an absolute path with the prefix `\\?\`,
/// because without this prefix the functions refuse paths of 260 characters and more.
std::wstring wide(const std::string& path);
#else
using FileHandle = int;
inline constexpr FileHandle no_file = -1;
#endif

int last_error();
std::string message_of(int error);

/// Whether a signal interrupted the call, so that the call can be repeated.
bool interrupted(int error);

/// Whether `c` separates the names in a path: `/`, and on Windows `\` as well.
constexpr bool is_path_separator(char c) {
#if defined(_WIN32)
  return c == '/' || c == '\\';
#else
  return c == '/';
#endif
}

enum class PathKind { missing, file, directory, broken_link, fifo, socket, device };

/// The kind in words for error messages, such as `a FIFO (named pipe)`.
std::string_view description_of(PathKind kind);

/// The kind of the object at a path, after following symbolic links. `broken_link` is a link to a missing object; `missing`
/// includes paths that cannot be examined, and last_error() says why.
PathKind kind_of(const std::string& path);

/// The kind of an open file.
PathKind kind_of(FileHandle file);

/// Opens a file for reading; no_file on failure. Returns at once, also for a FIFO without a writer.
FileHandle open_file(const std::string& path);

void close_file(FileHandle file);

/// Owns a file handle, or none.
class UniqueFile {
 public:
  UniqueFile() = default;
  explicit UniqueFile(FileHandle handle) : handle_(handle) {}
  UniqueFile(UniqueFile&& other) noexcept : handle_(std::exchange(other.handle_, no_file)) {}
  UniqueFile& operator=(UniqueFile&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~UniqueFile() {
    if (*this) close_file(handle_);
  }

  explicit operator bool() const { return handle_ != no_file; }
  FileHandle get() const { return handle_; }

 private:
  FileHandle handle_ = no_file;
};

/// Sets `size` to the number of bytes in the file; false on failure.
bool size_of_file(FileHandle file, std::uint64_t& size);

/// Reads up to `bytes` bytes at `offset`. Returns the number of bytes read, 0 at the end of the file, negative on an error.
std::int64_t read_file_at(FileHandle file, std::uint64_t offset, std::byte* into, std::size_t bytes);

/// Maps at least the first `bytes` bytes of a file for reading; null on failure.
void* map_file(FileHandle file, std::size_t bytes);
void unmap_file(void* address, std::size_t bytes);

/// Opens a new file in memory without a name; no_file on failure, and on systems without such files.
FileHandle open_memory_file();

/// Maps the first `bytes` bytes of a file for reading and writing. A write copies the page; the copy is visible in this mapping
/// only. Null on failure. unmap_file() ends the mapping.
void* map_copy_on_write(FileHandle file, std::size_t bytes);

/// Asks the system to read these bytes of a mapped file soon.
void will_need(std::byte* address, std::size_t bytes);

/// Asks the system for huge pages in the part of this memory where they fit.
void prefer_huge_pages(void* address, std::size_t bytes);

/// Asks the system for no huge pages in this memory, whatever the default of the system is.
void avoid_huge_pages(void* address, std::size_t bytes);

/// Zeroed pages of memory; null on failure. Allocations of at least one huge page begin where a huge page can begin, and ask
/// for huge pages: a page fault for every 4 KiB costs more time than reading 4 KiB from a fast disk.
void* allocate_pages(std::size_t bytes);
void free_pages(void* address, std::size_t bytes);

/// Gives the memory of all whole pages within a range back to the system; their contents are lost.
void discard_pages(void* address, std::size_t bytes);

/// The names of the entries of a directory, in any order; nothing if the directory cannot be read.
std::optional<std::vector<std::string>> names_in(const std::string& directory);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "system.ipp"
#endif
