// SPDX-License-Identifier: MIT
// Text from files and from the keyboard, with line ends of every system.
#pragma once
#include <moe.hpp>

#include "utf8_console.hpp"

#include <ios>
#include <iostream>
#include <istream>
#include <optional>
#include <string>
#include <utility>

/// Reads a line. The end of the line is not part of it: neither \n nor \r\n.
inline bool read_line(std::istream& in, std::string& line) {
#if defined(_WIN32)
  if (&in == &std::cin) {
    if (std::optional<std::string> typed = read_console_line()) {
      line = *std::move(typed);
      if (line.empty()) in.setstate(std::ios::eofbit | std::ios::failbit);
      if (line.ends_with('\n')) line.pop_back();
      if (line.ends_with('\r')) line.pop_back();
      return static_cast<bool>(in);
    }
  }
#endif
  if (!std::getline(in, line)) return false;
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

/// A whole file, with \n in place of \r\n.
inline std::string read_text_file(const std::string& path) {
  std::string text = moe::detail::read_text(path), out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') out += text[i];
  return out;
}
