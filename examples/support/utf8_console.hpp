// SPDX-License-Identifier: MIT
// UTF-8 in the arguments and on the console. Windows gives a program its arguments in an old code page, and shows its output in
// another one, unless the program selects UTF-8.
#pragma once
#include <moe.hpp>

#include "detail/io/windows_header.hpp"

#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#if defined(_WIN32)
#include <shellapi.h>
#if defined(_MSC_VER)
#pragma comment(lib, "shell32.lib")
#endif

/// Input and output of the console are UTF-8 as long as this object lives. Without a console it changes nothing.
class Utf8Console {
 public:
  Utf8Console() : input_(GetConsoleCP()), output_(GetConsoleOutputCP()) {
    SetConsoleCP(CP_UTF8);
    SetConsoleOutputCP(CP_UTF8);
  }
  ~Utf8Console() {
    SetConsoleCP(input_);
    SetConsoleOutputCP(output_);
  }
  Utf8Console(const Utf8Console&) = delete;
  Utf8Console& operator=(const Utf8Console&) = delete;

 private:
  UINT input_, output_;
};

inline std::string utf8_of_wide(std::wstring_view text) {
  const auto units = static_cast<int>(text.size());
  const int bytes = WideCharToMultiByte(CP_UTF8, 0, text.data(), units, nullptr, 0, nullptr, nullptr);
  std::string out(static_cast<std::size_t>(bytes), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.data(), units, out.data(), bytes, nullptr, nullptr);
  return out;
}

/// Reads a line from the console, with the end of the line; nothing if standard input is no console. In UTF-16, because older
/// consoles deliver a zero byte for each letter that is not ASCII to programs that read UTF-8. Empty at the end of the input.
inline std::optional<std::string> read_console_line() {
  const HANDLE console = GetStdHandle(STD_INPUT_HANDLE);
  DWORD mode = 0;
  if (!GetConsoleMode(console, &mode)) return {};
  std::wstring line;
  while (!line.ends_with(L'\n')) {
    wchar_t piece[256];
    DWORD units = 0;
    if (!ReadConsoleW(console, piece, static_cast<DWORD>(std::size(piece)), &units, nullptr) || units == 0)
      break;
    line.append(piece, units);
  }
  return line.starts_with(L'\x1a') ? std::string() : utf8_of_wide(line);  // Ctrl-Z
}

/// The arguments of this program, in UTF-8; argc and argv if the system does not have them.
inline std::vector<std::string> utf8_arguments(int argc, char** argv) {
  int count = 0;
  wchar_t** const words = CommandLineToArgvW(GetCommandLineW(), &count);
  if (!words) return {argv, argv + argc};
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i) out.push_back(utf8_of_wide(words[i]));
  LocalFree(words);
  return out;
}

#else

struct Utf8Console {
  Utf8Console() {}
};

inline std::vector<std::string> utf8_arguments(int argc, char** argv) { return {argv, argv + argc}; }

#endif
