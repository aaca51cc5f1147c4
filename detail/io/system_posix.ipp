// SPDX-License-Identifier: MIT
#pragma once
#include "huge_page_placement.hpp"
#include "posix_files.hpp"
#include "system.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE int last_error() { return errno; }
MOE_INLINE bool interrupted(int error) { return error == EINTR; }

MOE_INLINE FileHandle open_file(const std::string& path) {
  // O_NONBLOCK: otherwise open(2) of a FIFO waits for a writer. The flag does not change reads of regular files.
  return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | large_file);
}

MOE_INLINE void close_file(FileHandle file) { ::close(file); }

MOE_INLINE bool size_of_file(FileHandle file, std::uint64_t& size) {
  FileStatus status;
  if (status_of_file(file, status) != 0) return false;
  size = static_cast<std::uint64_t>(status.st_size);
  return true;
}

MOE_INLINE std::int64_t read_file_at(FileHandle file, std::uint64_t offset, std::byte* into,
                                     std::size_t bytes) {
  constexpr std::size_t most = std::size_t{1} << 30;  // Linux reads at most 2^31 - 4096 bytes at once
  return read_at(file, into, std::min(bytes, most), static_cast<FileOffset>(offset));
}

MOE_INLINE void* map_file(FileHandle file, std::size_t bytes) {
  void* address = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file, 0);
  return address == MAP_FAILED ? nullptr : address;
}

MOE_INLINE void unmap_file(void* address, std::size_t bytes) { ::munmap(address, bytes); }

MOE_INLINE FileHandle open_memory_file() {
#if defined(__linux__) && defined(MFD_CLOEXEC)
  return ::memfd_create("moe", MFD_CLOEXEC);
#else
  return no_file;
#endif
}

MOE_INLINE void* map_copy_on_write(FileHandle file, std::size_t bytes) {
#if defined(MAP_NORESERVE)
  constexpr int flags = MAP_PRIVATE | MAP_NORESERVE;
#else
  constexpr int flags = MAP_PRIVATE;
#endif
  void* address = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, file, 0);
  return address == MAP_FAILED ? nullptr : address;
}

MOE_INLINE void will_need(std::byte* address, std::size_t bytes) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const std::uintptr_t skipped = reinterpret_cast<std::uintptr_t>(address) % page;
  ::madvise(address - skipped, bytes + skipped, MADV_WILLNEED);
}

/// The distance to the next address where a huge page can begin.
MOE_INLINE std::size_t to_huge_page(const void* address) {
  return (huge_page_bytes - reinterpret_cast<std::uintptr_t>(address) % huge_page_bytes) % huge_page_bytes;
}

MOE_INLINE void prefer_huge_pages([[maybe_unused]] void* address, [[maybe_unused]] std::size_t bytes) {
#if defined(MADV_HUGEPAGE)
  const std::size_t before = to_huge_page(address);
  if (bytes >= before + huge_page_bytes)
    ::madvise(static_cast<std::byte*>(address) + before, bytes - before, MADV_HUGEPAGE);
#endif
}

MOE_INLINE void avoid_huge_pages([[maybe_unused]] void* address, [[maybe_unused]] std::size_t bytes) {
#if defined(MADV_NOHUGEPAGE)
  ::madvise(address, bytes, MADV_NOHUGEPAGE);
#endif
}

MOE_INLINE void* allocate_pages(std::size_t bytes) {
  const bool huge = bytes >= huge_page_bytes;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));  // 16 or 64 KiB on some machines
  const std::size_t mapped_bytes = (bytes + page - 1) / page * page + (huge ? huge_page_bytes : 0);
  void* mapped = ::mmap(nullptr, mapped_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  if (!huge) return mapped;
  auto* const begin = static_cast<std::byte*>(mapped);
  const HugePagePlacement place(reinterpret_cast<std::uintptr_t>(mapped), bytes, page);
  if (place.before > 0) ::munmap(begin, place.before);
  ::munmap(begin + place.before + place.kept, place.after);
  prefer_huge_pages(begin + place.before, bytes);
  return begin + place.before;
}

MOE_INLINE void free_pages(void* address, std::size_t bytes) { ::munmap(address, bytes); }

MOE_INLINE void discard_pages(void* address, std::size_t bytes) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));  // 16 or 64 KiB on some machines
  const auto begin = reinterpret_cast<std::uintptr_t>(address), end = begin + bytes;
  const std::uintptr_t first = (begin + page - 1) / page * page, last = end / page * page;
  if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

inline PathKind kind_of_mode(mode_t mode) {
  if (S_ISREG(mode)) return PathKind::file;
  if (S_ISDIR(mode)) return PathKind::directory;
  if (S_ISFIFO(mode)) return PathKind::fifo;
  return S_ISSOCK(mode) ? PathKind::socket : PathKind::device;
}

MOE_INLINE PathKind kind_of(const std::string& path) {
  FileStatus status;
  if (status_of_path(path.c_str(), status) == 0) return kind_of_mode(status.st_mode);
  const int error = errno;
  const bool broken = error == ENOENT && status_of_link(path.c_str(), status) == 0;
  errno = error;
  return broken ? PathKind::broken_link : PathKind::missing;
}

MOE_INLINE PathKind kind_of(FileHandle file) {
  FileStatus status;
  return status_of_file(file, status) == 0 ? kind_of_mode(status.st_mode) : PathKind::missing;
}

MOE_INLINE std::optional<std::vector<std::string>> names_in(const std::string& directory) {
  const auto close = [](DIR* stream) { ::closedir(stream); };
  const std::unique_ptr<DIR, decltype(close)> stream(::opendir(directory.c_str()), close);
  if (!stream) return {};
  std::vector<std::string> out;
  const auto next = [&] {
    errno = 0;  // a null entry with another errno is an error, not the end
    return next_entry(stream.get());
  };
  while (const auto* entry = next()) out.emplace_back(entry->d_name);
  if (errno != 0) return {};
  return out;
}

MOE_INLINE std::string message_of(int error) { return std::system_category().message(error); }

}  // namespace moe::inline MOE_ABI::detail
