// SPDX-License-Identifier: MIT
#pragma once
#include "system_write.hpp"
#include "windows_header.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>

#if !defined(_WIN32)
#include "posix_files.hpp"

#include <sys/file.h>
#endif

namespace moe::inline MOE_ABI::detail {

#if defined(_WIN32)

MOE_INLINE FileHandle open_file_to_write(const std::string& path) {
  return CreateFileW(wide(path).c_str(), GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, nullptr, OPEN_ALWAYS,
                     FILE_ATTRIBUTE_NORMAL, nullptr);
}

MOE_INLINE std::int64_t write_file_at(FileHandle file, std::uint64_t offset, const std::byte* from,
                                      std::size_t bytes) {
  OVERLAPPED place = {};
  place.Offset = static_cast<DWORD>(offset);
  place.OffsetHigh = static_cast<DWORD>(offset >> 32);
  DWORD done = 0;
  const auto piece = static_cast<DWORD>(std::min(bytes, std::size_t{1} << 30));
  return WriteFile(file, from, piece, &done, &place) ? std::int64_t{done} : -1;
}

MOE_INLINE bool resize_file(FileHandle file, std::uint64_t bytes) {
  LARGE_INTEGER size;
  size.QuadPart = static_cast<LONGLONG>(bytes);
  return SetFilePointerEx(file, size, nullptr, FILE_BEGIN) && SetEndOfFile(file);
}

MOE_INLINE bool sync_file(FileHandle file) { return FlushFileBuffers(file) != 0; }
MOE_INLINE bool sync_directory(const std::string&) { return true; }

MOE_INLINE bool rename_file(const std::string& from, const std::string& to) {
  const std::wstring source = wide(from), target = wide(to);
  for (DWORD pause = 10;; pause *= 2) {
    if (MoveFileExW(source.c_str(), target.c_str(), MOVEFILE_REPLACE_EXISTING)) return true;
    const DWORD error = GetLastError();
    const bool in_use = error == ERROR_ACCESS_DENIED || error == ERROR_SHARING_VIOLATION;
    if (!in_use || pause > 640) return false;
    Sleep(pause);
  }
}

// open_file_to_write() shares the file with readers only, so another process cannot open it for writing.
MOE_INLINE bool lock_file(FileHandle) { return true; }
MOE_INLINE bool is_locked(int) { return false; }

#else

MOE_INLINE FileHandle open_file_to_write(const std::string& path) {
  return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | large_file, 0666);
}

MOE_INLINE std::int64_t write_file_at(FileHandle file, std::uint64_t offset, const std::byte* from,
                                      std::size_t bytes) {
  constexpr std::size_t most = std::size_t{1} << 30;  // Linux writes at most 2^31 - 4096 bytes at once
  return write_at(file, from, std::min(bytes, most), static_cast<FileOffset>(offset));
}

MOE_INLINE bool resize_file(FileHandle file, std::uint64_t bytes) {
  return set_file_size(file, static_cast<FileOffset>(bytes)) == 0;
}

MOE_INLINE bool sync_file(FileHandle file) { return ::fsync(file) == 0; }

MOE_INLINE bool sync_directory(const std::string& path) {
  const UniqueFile directory(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  return directory && ::fsync(directory.get()) == 0;
}

MOE_INLINE bool rename_file(const std::string& from, const std::string& to) {
  return std::rename(from.c_str(), to.c_str()) == 0;
}

MOE_INLINE bool lock_file(FileHandle file) { return ::flock(file, LOCK_EX | LOCK_NB) == 0; }
MOE_INLINE bool is_locked(int error) { return error == EWOULDBLOCK; }

#endif

MOE_INLINE bool write_all(FileHandle file, std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::int64_t done = write_file_at(file, offset, bytes.data(), bytes.size());
    if (done < 0 && interrupted(last_error())) continue;
    if (done <= 0) return false;
    offset += static_cast<std::uint64_t>(done);
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
  return true;
}

}  // namespace moe::inline MOE_ABI::detail
