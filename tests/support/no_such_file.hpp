// SPDX-License-Identifier: MIT
#pragma once
#include "detail/io/system.hpp"

#include <string>

/// The message of the system for a file that does not exist: ENOENT and ERROR_FILE_NOT_FOUND are 2.
inline std::string no_such_file() { return moe::detail::message_of(2); }

/// The message of the system for a directory that does not exist: ERROR_PATH_NOT_FOUND is 3.
inline std::string no_such_directory() {
#if defined(_WIN32)
  return moe::detail::message_of(3);
#else
  return moe::detail::message_of(2);
#endif
}
