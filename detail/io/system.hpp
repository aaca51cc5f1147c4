#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

#if defined(_WIN32)
#if !defined(WIN32_LEAN_AND_MEAN)
#define WIN32_LEAN_AND_MEAN
#endif
#if !defined(NOMINMAX)
#define NOMINMAX
#endif
#include <windows.h>
#else
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#endif

namespace moe {
namespace detail {

// The operating system's file calls with one face for POSIX and Windows. Paths are UTF-8. No checks, no exceptions.

#if defined(_WIN32)

using FileHandle = HANDLE;
inline const FileHandle no_file = INVALID_HANDLE_VALUE;

inline int last_error() { return static_cast<int>(GetLastError()); }
inline bool interrupted(int) { return false; }

inline std::wstring wide(const std::string& path) {
  const int size = MultiByteToWideChar(CP_UTF8, 0, path.data(), static_cast<int>(path.size()), nullptr, 0);
  std::wstring out(static_cast<std::size_t>(size), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, path.data(), static_cast<int>(path.size()), out.data(), size);
  return out;
}

inline FileHandle open_file(const std::string& path) {
  return CreateFileW(wide(path).c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING,
                     FILE_ATTRIBUTE_NORMAL, nullptr);
}

/// The same past the page cache, if the system can; reads must then be aligned.
inline FileHandle open_file_direct(const std::string& path) {
  return CreateFileW(wide(path).c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING,
                     FILE_FLAG_NO_BUFFERING, nullptr);
}

inline void close_file(FileHandle file) { CloseHandle(file); }

inline bool size_of_file(FileHandle file, std::uint64_t& size) {
  LARGE_INTEGER value;
  if (!GetFileSizeEx(file, &value)) return false;
  size = static_cast<std::uint64_t>(value.QuadPart);
  return true;
}

/// The number of bytes read, 0 at the end of the file, negative on an error.
inline std::int64_t read_file_at(FileHandle file, std::uint64_t offset, std::byte* into, std::size_t bytes) {
  OVERLAPPED place = {};
  place.Offset = static_cast<DWORD>(offset);
  place.OffsetHigh = static_cast<DWORD>(offset >> 32);
  DWORD done = 0;
  const auto piece = static_cast<DWORD>(std::min(bytes, std::size_t{1} << 30));
  if (ReadFile(file, into, piece, &done, &place)) return done;
  return GetLastError() == ERROR_HANDLE_EOF ? 0 : -1;
}

inline void* map_file(FileHandle file, std::size_t) {
  const HANDLE mapping = CreateFileMappingW(file, nullptr, PAGE_READONLY, 0, 0, nullptr);
  if (!mapping) return nullptr;
  void* address = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
  CloseHandle(mapping);  // the view keeps it alive
  return address;
}

inline void unmap_file(void* address, std::size_t) { UnmapViewOfFile(address); }

// PrefetchVirtualMemory, looked up because older systems lack it.
inline void will_need(std::byte* address, std::size_t bytes) {
  struct Range {
    void* address;
    SIZE_T bytes;
  };
  using Prefetch = BOOL(WINAPI*)(HANDLE, ULONG_PTR, Range*, ULONG);
  static const auto prefetch = reinterpret_cast<Prefetch>(
      reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(L"kernel32.dll"), "PrefetchVirtualMemory")));
  Range range{address, bytes};
  if (prefetch) prefetch(GetCurrentProcess(), 1, &range, 0);
}

/// Huge pages need a privilege here.
inline void prefer_huge_pages(void*, std::size_t) {}

/// Zeroed pages of memory; null if there are none.
inline void* allocate_pages(std::size_t bytes) {
  return VirtualAlloc(nullptr, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}
inline void free_pages(void* address, std::size_t) { VirtualFree(address, 0, MEM_RELEASE); }

/// Lets the system take the memory of whole pages back, and with it what stood there.
inline void discard_pages(void* address, std::size_t bytes) {
  VirtualAlloc(address, bytes, MEM_RESET, PAGE_READWRITE);
}

enum class PathKind { missing, file, directory };

inline PathKind kind_of(const std::string& path) {
  const DWORD attributes = GetFileAttributesW(wide(path).c_str());
  if (attributes == INVALID_FILE_ATTRIBUTES) return PathKind::missing;
  return attributes & FILE_ATTRIBUTE_DIRECTORY ? PathKind::directory : PathKind::file;
}

/// The names in a directory, in any order; none if it cannot be read.
inline std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> out;
  WIN32_FIND_DATAW entry;
  const HANDLE search = FindFirstFileW((wide(directory) + L"\\*").c_str(), &entry);
  if (search == INVALID_HANDLE_VALUE) return out;
  do {
    char name[4 * MAX_PATH];
    WideCharToMultiByte(CP_UTF8, 0, entry.cFileName, -1, name, sizeof name, nullptr, nullptr);
    out.emplace_back(name);
  } while (FindNextFileW(search, &entry));
  FindClose(search);
  return out;
}

#else

using FileHandle = int;
inline constexpr FileHandle no_file = -1;

inline int last_error() { return errno; }
inline bool interrupted(int error) { return error == EINTR; }

inline FileHandle open_file(const std::string& path) { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }

/// The same past the page cache, if the system can; reads must then be aligned.
inline FileHandle open_file_direct(const std::string& path) {
#if defined(O_DIRECT)
  return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT);
#elif defined(F_NOCACHE)
  const FileHandle file = open_file(path);
  if (file == no_file || ::fcntl(file, F_NOCACHE, 1) == 0) return file;
  ::close(file);
  return no_file;
#else
  (void)path;
  return no_file;
#endif
}

inline void close_file(FileHandle file) { ::close(file); }

inline bool size_of_file(FileHandle file, std::uint64_t& size) {
  struct stat status;
  if (::fstat(file, &status) != 0) return false;
  size = static_cast<std::uint64_t>(status.st_size);
  return true;
}

/// The number of bytes read, 0 at the end of the file, negative on an error.
inline std::int64_t read_file_at(FileHandle file, std::uint64_t offset, std::byte* into, std::size_t bytes) {
  constexpr std::size_t most = std::size_t{1} << 30;  // Linux reads at most 2^31 - 4096 bytes at once
  return ::pread(file, into, std::min(bytes, most), static_cast<off_t>(offset));
}

inline void* map_file(FileHandle file, std::size_t bytes) {
  void* address = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file, 0);
  return address == MAP_FAILED ? nullptr : address;
}

inline void unmap_file(void* address, std::size_t bytes) { ::munmap(address, bytes); }

inline void will_need(std::byte* address, std::size_t bytes) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const std::uintptr_t skipped = reinterpret_cast<std::uintptr_t>(address) % page;
  ::madvise(address - skipped, bytes + skipped, MADV_WILLNEED);
}

inline constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;

/// How far the next address is where a huge page may begin.
inline std::size_t to_huge_page(const void* address) {
  return (huge_page_bytes - reinterpret_cast<std::uintptr_t>(address) % huge_page_bytes) % huge_page_bytes;
}

/// Asks for huge pages wherever they fit into that memory.
inline void prefer_huge_pages([[maybe_unused]] void* address, [[maybe_unused]] std::size_t bytes) {
#if defined(MADV_HUGEPAGE)
  const std::size_t before = to_huge_page(address);
  if (bytes >= before + huge_page_bytes)
    ::madvise(static_cast<std::byte*>(address) + before, bytes - before, MADV_HUGEPAGE);
#endif
}

/// Zeroed pages of memory; null if there are none. Large pieces begin where huge pages can, and ask for them: a fault for
/// every 4 KiB costs more than reading them from a fast disk.
inline void* allocate_pages(std::size_t bytes) {
  const std::size_t slack = bytes >= huge_page_bytes ? huge_page_bytes : 0;
  void* mapped = ::mmap(nullptr, bytes + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  if (slack == 0) return mapped;
  auto* const begin = static_cast<std::byte*>(mapped);
  const std::size_t before = to_huge_page(begin);
  if (before > 0) ::munmap(begin, before);
  if (before < slack) ::munmap(begin + before + bytes, slack - before);
  prefer_huge_pages(begin + before, bytes);
  return begin + before;
}
inline void free_pages(void* address, std::size_t bytes) { ::munmap(address, bytes); }

/// Lets the system take the memory of whole pages back, and with it what stood there.
inline void discard_pages(void* address, std::size_t bytes) { ::madvise(address, bytes, MADV_DONTNEED); }

enum class PathKind { missing, file, directory };

inline PathKind kind_of(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return PathKind::missing;
  return S_ISDIR(status.st_mode) ? PathKind::directory : PathKind::file;
}

/// The names in a directory, in any order; none if it cannot be read.
inline std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> out;
  DIR* const opened = ::opendir(directory.c_str());
  if (!opened) return out;
  while (const dirent* entry = ::readdir(opened)) out.emplace_back(entry->d_name);
  ::closedir(opened);
  return out;
}

#endif

inline std::string message_of(int error) { return std::system_category().message(error); }

}  // namespace detail
}  // namespace moe
