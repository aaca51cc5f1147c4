// SPDX-License-Identifier: MIT
// Paths for new files, checked before the work begins.
#pragma once
#include "command_line.hpp"
#include "utf8_path.hpp"

#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

/// Throws unless a file can be created or replaced at `path`. Character devices are accepted too, and FIFOs in /dev and /proc,
/// because /dev/stdout may be one.
inline void require_output_file(const std::string& path) {
  namespace fs = std::filesystem;
  const auto fail = [&](const std::string& found) {
    throw std::runtime_error(path + ": expected the path of a new file, found " + found);
  };
  std::error_code ignored;
  const fs::path file = path_of(path), place = file.has_parent_path() ? file.parent_path() : ".";
  if (path.empty()) fail("an empty path");
  switch (fs::status(file, ignored).type()) {
    case fs::file_type::directory: return fail("a directory");
    case fs::file_type::block: return fail("a block device");
    case fs::file_type::socket: return fail("a socket");
    case fs::file_type::fifo:
      if (!path.starts_with("/dev/") && !path.starts_with("/proc/")) fail("a FIFO");
      break;
    default: break;
  }
  if (!fs::is_directory(place, ignored)) fail("no directory " + utf8_of(place));
}

/// The path that an option gives for a new file; empty without the option.
inline std::string output_path_of(const CommandLine& args, const std::string& option) {
  if (args.has(option)) require_output_file(args.text(option, ""));
  return args.text(option, "");
}
