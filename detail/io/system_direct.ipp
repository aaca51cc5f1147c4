// SPDX-License-Identifier: MIT
#pragma once
#include "system_direct.hpp"
#include "windows_header.hpp"

#include <string>

#if !defined(_WIN32)
#include "posix_files.hpp"
#endif

namespace moe::inline MOE_ABI::detail {

#if defined(_WIN32)

MOE_INLINE FileHandle reopen_direct(FileHandle file, const std::string&, FileAccess access) {
  // A file that this process writes is shared with readers only, so it cannot be opened a second time for writing.
  if (access == FileAccess::write) return no_file;
  return ReOpenFile(file, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, FILE_FLAG_NO_BUFFERING);
}

MOE_INLINE FileHandle open_direct_if_same(FileHandle, const std::string&, FileAccess) { return no_file; }

#else

/// Opens the file that `path` names now for direct access.
MOE_INLINE FileHandle open_direct(const std::string& path, FileAccess access) {
  // O_NONBLOCK: the path may name a FIFO by now, and opening a FIFO would wait.
  [[maybe_unused]] const int flags =
      (access == FileAccess::read ? O_RDONLY : O_WRONLY) | O_CLOEXEC | O_NONBLOCK | large_file;
#if defined(O_DIRECT)
  return ::open(path.c_str(), flags | O_DIRECT);
#elif defined(F_NOCACHE)
  const FileHandle file = ::open(path.c_str(), flags);
  if (file == no_file || ::fcntl(file, F_NOCACHE, 1) == 0) return file;
  ::close(file);
  return no_file;
#else
  return no_file;
#endif
}

/// While both files are open, device and inode number identify them. File systems that generate inode numbers may give one
/// number to two files, so the size and the time of modification are compared as well.
MOE_INLINE bool is_same_file(FileHandle a, FileHandle b) {
  FileStatus of_a, of_b;
  return status_of_file(a, of_a) == 0 && status_of_file(b, of_b) == 0 && of_a.st_dev == of_b.st_dev &&
         of_a.st_ino == of_b.st_ino && of_a.st_size == of_b.st_size && of_a.st_mtime == of_b.st_mtime;
}

MOE_INLINE FileHandle reopen_direct(FileHandle file, const std::string& path, FileAccess access) {
#if defined(__linux__)
  const FileHandle reopened = open_direct("/proc/self/fd/" + std::to_string(file), access);
  if (reopened != no_file) return reopened;
#endif
  return open_direct_if_same(file, path, access);
}

MOE_INLINE FileHandle open_direct_if_same(FileHandle file, const std::string& path, FileAccess access) {
  const FileHandle opened = open_direct(path, access);
  if (opened == no_file || is_same_file(file, opened)) return opened;
  ::close(opened);
  return no_file;
}

#endif

}  // namespace moe::inline MOE_ABI::detail
