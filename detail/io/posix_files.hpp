// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>

namespace moe::inline MOE_ABI::detail {

// The calls of POSIX with 64-bit offsets, sizes and inode numbers. On 32-bit Linux, the calls with the usual names take 32-bit
// numbers unless _FILE_OFFSET_BITS is 64. A header cannot define this macro, because the program may have included <fcntl.h>
// before. Only .ipp files include this header.

#if defined(__linux__) && defined(__USE_LARGEFILE64) && __SIZEOF_POINTER__ == 4

using FileStatus = struct stat64;
using FileOffset = off64_t;
inline constexpr int large_file = O_LARGEFILE;
inline int status_of_path(const char* path, FileStatus& status) { return ::stat64(path, &status); }
inline int status_of_link(const char* path, FileStatus& status) { return ::lstat64(path, &status); }
inline int status_of_file(int file, FileStatus& status) { return ::fstat64(file, &status); }
inline ssize_t read_at(int file, void* into, std::size_t bytes, FileOffset offset) {
  return ::pread64(file, into, bytes, offset);
}
inline ssize_t write_at(int file, const void* from, std::size_t bytes, FileOffset offset) {
  return ::pwrite64(file, from, bytes, offset);
}
inline int set_file_size(int file, FileOffset bytes) { return ::ftruncate64(file, bytes); }
inline const dirent64* next_entry(DIR* directory) { return ::readdir64(directory); }

#else

using FileStatus = struct stat;
using FileOffset = off_t;
inline constexpr int large_file = 0;
inline int status_of_path(const char* path, FileStatus& status) { return ::stat(path, &status); }
inline int status_of_link(const char* path, FileStatus& status) { return ::lstat(path, &status); }
inline int status_of_file(int file, FileStatus& status) { return ::fstat(file, &status); }
inline ssize_t read_at(int file, void* into, std::size_t bytes, FileOffset offset) {
  return ::pread(file, into, bytes, offset);
}
inline ssize_t write_at(int file, const void* from, std::size_t bytes, FileOffset offset) {
  return ::pwrite(file, from, bytes, offset);
}
inline int set_file_size(int file, FileOffset bytes) { return ::ftruncate(file, bytes); }
inline const dirent* next_entry(DIR* directory) { return ::readdir(directory); }

#endif

}  // namespace moe::inline MOE_ABI::detail
