// SPDX-License-Identifier: MIT
#pragma once
#include "machine_memory.hpp"
#include "../core/concat.hpp"
#include "system.hpp"
#include "windows_header.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#if defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace moe::inline MOE_ABI::detail {

inline constexpr std::uint64_t no_limit = (std::numeric_limits<std::uint64_t>::max)();

#if defined(__linux__)

/// The contents of a file in /proc or /sys, whose size is unknown; empty if it cannot be read.
MOE_INLINE std::string read_kernel_file(const std::string& path) {
  std::string text;
  const UniqueFile file(open_file(path));
  if (!file) return text;
  char piece[4096];
  for (std::int64_t got;
       (got = read_file_at(file.get(), text.size(), reinterpret_cast<std::byte*>(piece), sizeof piece)) > 0;)
    text.append(piece, static_cast<std::size_t>(got));
  return text;
}

/// The number behind `key` in `text`; nothing if `key` is missing, or if another word, such as `max`, is behind `key`.
MOE_INLINE std::optional<std::uint64_t> number_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == text.npos) return {};
  text.remove_prefix(std::min(text.find_first_not_of(" \t", at + key.size()), text.size()));
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return {};
  return value;
}

/// One version of cgroups: the text before the path of the cgroup in /proc/self/cgroup, the directory of the root cgroup, the
/// names of the files with the memory limit and the used memory, and the key of reclaimable memory in memory.stat.
struct CgroupVersion {
  std::string_view entry, root, limit, usage, file_cache;
};

/// The memory limit of one cgroup, minus the used memory that the system cannot reclaim; no_limit if the cgroup has no limit.
MOE_INLINE std::uint64_t left_in_cgroup(const CgroupVersion& version, std::string_view directory) {
  const auto limit = number_after(read_kernel_file(concat(directory, version.limit)), "");
  const auto usage = number_after(read_kernel_file(concat(directory, version.usage)), "");
  const auto cache = number_after(read_kernel_file(concat(directory, "memory.stat")), version.file_cache);
  if (!limit || !usage) return no_limit;
  const std::uint64_t used = *usage - std::min(*usage, cache.value_or(0));
  return *limit - std::min(*limit, used);
}

/// The smallest left_in_cgroup() of the cgroup of this process and of all cgroups above it.
MOE_INLINE std::uint64_t left_in_cgroups() {
  constexpr CgroupVersion versions[] = {
      {"0::", "/sys/fs/cgroup", "memory.max", "memory.current", "\ninactive_file "},
      {":memory:", "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
       "\ntotal_inactive_file "}};
  const std::string own = read_kernel_file("/proc/self/cgroup");
  std::uint64_t left = no_limit;
  for (const CgroupVersion& version : versions) {
    const std::size_t at = own.find(version.entry);
    if (at == own.npos) continue;
    const std::size_t begin = at + version.entry.size();
    std::string group = own.substr(begin, own.find('\n', begin) - begin);
    for (;; group.resize(group.find_last_of('/'))) {
      if (group == "/") group.clear();
      left = std::min(left, left_in_cgroup(version, concat(version.root, group, '/')));
      if (group.find_last_of('/') == group.npos) break;
    }
  }
  return left;
}

MOE_INLINE std::uint64_t left_on_machine() {
  const auto kib = number_after(read_kernel_file("/proc/meminfo"), "MemAvailable:");
  return kib ? *kib * 1024 : no_limit;
}

#elif defined(_WIN32)

MOE_INLINE std::uint64_t left_in_cgroups() { return no_limit; }
MOE_INLINE std::uint64_t left_on_machine() {
  MEMORYSTATUSEX status;
  status.dwLength = sizeof status;
  return GlobalMemoryStatusEx(&status) ? status.ullAvailPhys : no_limit;
}

#elif defined(__APPLE__)

MOE_INLINE std::uint64_t left_in_cgroups() { return no_limit; }
MOE_INLINE std::uint64_t left_on_machine() {
  std::uint64_t physical = 0;
  std::size_t size = sizeof physical;
  // The system uses almost all free memory as a cache, so the amount of free memory says nothing. One quarter of the memory
  // is left to other programs.
  return sysctlbyname("hw.memsize", &physical, &size, nullptr, 0) == 0 ? physical / 4 * 3 : no_limit;
}

#else

MOE_INLINE std::uint64_t left_in_cgroups() { return no_limit; }
MOE_INLINE std::uint64_t left_on_machine() { return no_limit; }

#endif

MOE_INLINE std::optional<std::uint64_t> available_memory_bytes() {
  const std::uint64_t left = std::min(left_on_machine(), left_in_cgroups());
  if (left == no_limit) return {};
  return left;
}

}  // namespace moe::inline MOE_ABI::detail
