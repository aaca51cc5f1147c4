// SPDX-License-Identifier: MIT
#pragma once
#include "system.hpp"
#include "windows_header.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE int last_error() { return static_cast<int>(GetLastError()); }
MOE_INLINE bool interrupted(int) { return false; }

MOE_INLINE std::wstring utf16(const std::string& text) {
  const int size = MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), nullptr, 0);
  std::wstring out(static_cast<std::size_t>(size), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), out.data(), size);
  return out;
}

MOE_INLINE std::string utf8(std::wstring_view text) {
  const auto units = static_cast<int>(text.size());
  const int size = WideCharToMultiByte(CP_UTF8, 0, text.data(), units, nullptr, 0, nullptr, nullptr);
  std::string out(static_cast<std::size_t>(size), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.data(), units, out.data(), size, nullptr, nullptr);
  return out;
}

MOE_INLINE std::wstring wide(const std::string& path) {
  constexpr std::size_t most = MAX_PATH - 12;  // a new directory must leave room for a short file name
  std::wstring given = utf16(path);
  std::wstring full(GetFullPathNameW(given.c_str(), 0, nullptr, nullptr), L'\0');
  if (full.size() <= most) return given;
  full.resize(GetFullPathNameW(given.c_str(), static_cast<DWORD>(full.size()), full.data(), nullptr));
  if (full.starts_with(L"\\\\?\\") || full.starts_with(L"\\\\.\\")) return full;
  return full.starts_with(L"\\\\") ? L"\\\\?\\UNC" + full.substr(1) : L"\\\\?\\" + full;
}

MOE_INLINE FileHandle open_file(const std::string& path) {
  // As on POSIX, another file may take the name of an open file, and a file can be read while the library writes it.
  constexpr DWORD sharing = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
  return CreateFileW(wide(path).c_str(), GENERIC_READ, sharing, nullptr, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL,
                     nullptr);
}

MOE_INLINE void close_file(FileHandle file) { CloseHandle(file); }

MOE_INLINE bool size_of_file(FileHandle file, std::uint64_t& size) {
  LARGE_INTEGER value;
  if (!GetFileSizeEx(file, &value)) return false;
  size = static_cast<std::uint64_t>(value.QuadPart);
  return true;
}

MOE_INLINE std::int64_t read_file_at(FileHandle file, std::uint64_t offset, std::byte* into,
                                     std::size_t bytes) {
  OVERLAPPED place = {};
  place.Offset = static_cast<DWORD>(offset);
  place.OffsetHigh = static_cast<DWORD>(offset >> 32);
  DWORD done = 0;
  const auto piece = static_cast<DWORD>(std::min(bytes, std::size_t{1} << 30));
  if (ReadFile(file, into, piece, &done, &place)) return done;
  return GetLastError() == ERROR_HANDLE_EOF ? 0 : -1;
}

MOE_INLINE void* map_file(FileHandle file, std::size_t) {
  const HANDLE mapping = CreateFileMappingW(file, nullptr, PAGE_READONLY, 0, 0, nullptr);
  if (!mapping) return nullptr;
  void* address = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
  CloseHandle(mapping);  // the view keeps the mapping alive
  return address;
}

MOE_INLINE void unmap_file(void* address, std::size_t) { UnmapViewOfFile(address); }

MOE_INLINE FileHandle open_memory_file() { return no_file; }
MOE_INLINE void* map_copy_on_write(FileHandle, std::size_t) { return nullptr; }

// PrefetchVirtualMemory is looked up at run time, because Windows 7 does not have it.
MOE_INLINE void will_need(std::byte* address, std::size_t bytes) {
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

// Huge pages need a privilege on Windows.
MOE_INLINE void prefer_huge_pages(void*, std::size_t) {}
MOE_INLINE void avoid_huge_pages(void*, std::size_t) {}

MOE_INLINE void* allocate_pages(std::size_t bytes) {
  return VirtualAlloc(nullptr, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

MOE_INLINE void free_pages(void* address, std::size_t) { VirtualFree(address, 0, MEM_RELEASE); }

MOE_INLINE void discard_pages(void* address, std::size_t bytes) {
  VirtualAlloc(address, bytes, MEM_RESET, PAGE_READWRITE);
}

MOE_INLINE PathKind kind_of(const std::string& path) {
  const DWORD attributes = GetFileAttributesW(wide(path).c_str());
  if (attributes == INVALID_FILE_ATTRIBUTES) return PathKind::missing;
  return attributes & FILE_ATTRIBUTE_DIRECTORY ? PathKind::directory : PathKind::file;
}

MOE_INLINE PathKind kind_of(FileHandle file) {
  switch (GetFileType(file)) {
    case FILE_TYPE_DISK: return PathKind::file;
    case FILE_TYPE_PIPE: return PathKind::fifo;
    case FILE_TYPE_CHAR: return PathKind::device;
    default: return PathKind::missing;
  }
}

MOE_INLINE std::optional<std::vector<std::string>> names_in(const std::string& directory) {
  WIN32_FIND_DATAW entry;
  const auto close = [](HANDLE search) {
    if (search != INVALID_HANDLE_VALUE) FindClose(search);
  };
  const std::unique_ptr<void, decltype(close)> search(FindFirstFileW(wide(directory + "/*").c_str(), &entry),
                                                      close);
  if (search.get() == INVALID_HANDLE_VALUE) return {};
  std::vector<std::string> out;
  do out.push_back(utf8(entry.cFileName));
  while (FindNextFileW(search.get(), &entry));
  if (GetLastError() != ERROR_NO_MORE_FILES) return {};
  return out;
}

// The message of std::system_category is encoded in the code page of Windows, not in UTF-8.
MOE_INLINE std::string message_of(int error) {
  wchar_t text[512];
  constexpr DWORD flags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS;
  std::wstring_view message(
      text, FormatMessageW(flags, nullptr, static_cast<DWORD>(error), 0, text, std::size(text), nullptr));
  while (!message.empty() && std::wstring_view(L"\r\n .").find(message.back()) != std::wstring_view::npos)
    message.remove_suffix(1);
  return message.empty() ? "error " + std::to_string(error) : utf8(message);
}

}  // namespace moe::inline MOE_ABI::detail
