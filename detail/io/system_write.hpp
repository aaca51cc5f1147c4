#pragma once
#include "system.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#if !defined(_WIN32)
#include <sys/file.h>
#endif

namespace moe::detail {

// What is beyond reading of the operating system's file calls: writing at places, and making sure that it lasts. As in
// system.hpp: one face for POSIX and Windows, paths in UTF-8, no checks, no exceptions.

#if defined(_WIN32)

/// A file to be read and written; made if there is none.
inline FileHandle open_file_to_write(const std::string& path) {
  return CreateFileW(wide(path).c_str(), GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, nullptr, OPEN_ALWAYS,
                     FILE_ATTRIBUTE_NORMAL, nullptr);
}

/// The same file, which exists, to be written past the page cache, if the system can; writes must then be aligned.
inline FileHandle open_file_to_write_direct(const std::string&) { return no_file; }

/// The number of bytes written, negative on an error.
inline std::int64_t write_file_at(FileHandle file, std::uint64_t offset, const std::byte* from,
                                  std::size_t bytes) {
  OVERLAPPED place = {};
  place.Offset = static_cast<DWORD>(offset);
  place.OffsetHigh = static_cast<DWORD>(offset >> 32);
  DWORD done = 0;
  const auto piece = static_cast<DWORD>(std::min(bytes, std::size_t{1} << 30));
  return WriteFile(file, from, piece, &done, &place) ? std::int64_t{done} : -1;
}

inline bool resize_file(FileHandle file, std::uint64_t bytes) {
  LARGE_INTEGER size;
  size.QuadPart = static_cast<LONGLONG>(bytes);
  return SetFilePointerEx(file, size, nullptr, FILE_BEGIN) && SetEndOfFile(file);
}

/// Returns when what was written is on the disk.
inline bool sync_file(FileHandle file) { return FlushFileBuffers(file) != 0; }
inline bool sync_directory(const std::string&) { return true; }

/// Whether nobody else writes the file, from now until it is closed: who opens it on Windows shares it with readers only.
inline bool lock_file(FileHandle) { return true; }

#else

/// A file to be read and written; made if there is none.
inline FileHandle open_file_to_write(const std::string& path) {
  return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
}

/// The same file, which exists, to be written past the page cache, if the system can; writes must then be aligned.
inline FileHandle open_file_to_write_direct(const std::string& path) {
#if defined(O_DIRECT)
  return ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_DIRECT);
#else
  (void)path;
  return no_file;
#endif
}

/// The number of bytes written, negative on an error.
inline std::int64_t write_file_at(FileHandle file, std::uint64_t offset, const std::byte* from,
                                  std::size_t bytes) {
  constexpr std::size_t most = std::size_t{1} << 30;  // Linux writes at most 2^31 - 4096 bytes at once
  return ::pwrite(file, from, std::min(bytes, most), static_cast<off_t>(offset));
}

inline bool resize_file(FileHandle file, std::uint64_t bytes) {
  return ::ftruncate(file, static_cast<off_t>(bytes)) == 0;
}

/// Returns when what was written is on the disk.
inline bool sync_file(FileHandle file) { return ::fsync(file) == 0; }
inline bool sync_directory(const std::string& path) {
  const int directory = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (directory < 0) return false;
  const bool done = ::fsync(directory) == 0;
  ::close(directory);
  return done;
}

/// Whether nobody else locked the file. The lock lasts until it is closed, or the process ends.
inline bool lock_file(FileHandle file) { return ::flock(file, LOCK_EX | LOCK_NB) == 0; }

#endif

}  // namespace moe::detail
