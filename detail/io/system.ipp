// SPDX-License-Identifier: MIT
#pragma once
#include "system.hpp"

#if defined(_WIN32)
#include "system_windows.ipp"
#else
#include "system_posix.ipp"
#endif

#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::string_view description_of(PathKind kind) {
  switch (kind) {
    case PathKind::missing: return "no such file";
    case PathKind::file: return "a file";
    case PathKind::directory: return "a directory";
    case PathKind::broken_link: return "a symbolic link to a file that does not exist";
    case PathKind::fifo: return "a FIFO (named pipe)";
    case PathKind::socket: return "a socket";
    case PathKind::device: return "a device";
  }
  return {};
}

}  // namespace moe::inline MOE_ABI::detail
