// SPDX-License-Identifier: MIT
// The memory of this process.
#pragma once
#include <cstddef>
#include <fstream>

#if !defined(_WIN32)
#include <sys/resource.h>
#include <unistd.h>
#endif

/// The resident memory in bytes, mapped files included; 0 if the system does not report it.
inline std::size_t resident_bytes() {
  std::size_t all = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
#if defined(_WIN32)
  return 0;
#else
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
#endif
}

/// The peak of the resident memory in bytes, mapped files included; 0 if the system does not report it.
inline std::size_t peak_resident_bytes() {
#if defined(_WIN32)
  return 0;
#else
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto most = static_cast<std::size_t>(usage.ru_maxrss);
#if defined(__APPLE__)
  return most;
#else
  return most * 1024;
#endif
#endif
}
