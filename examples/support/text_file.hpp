// SPDX-License-Identifier: MIT
// Text from files and from the keyboard, with line ends of every system.
#pragma once
#include <moe.hpp>

#include <istream>
#include <string>

/// Reads a line. The end of the line is not part of it: neither \n nor \r\n.
inline bool read_line(std::istream& in, std::string& line) {
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
