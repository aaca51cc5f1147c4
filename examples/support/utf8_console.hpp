// SPDX-License-Identifier: MIT
// UTF-8 in the arguments and on the console. Windows gives a program its arguments in an old code page, and shows its output in
// another one, unless the program selects UTF-8.
#pragma once
#include <moe.hpp>

#include "detail/io/windows_header.hpp"

#include <string>
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

/// The arguments of this program, in UTF-8; argc and argv if the system does not have them.
inline std::vector<std::string> utf8_arguments(int argc, char** argv) {
  int count = 0;
  wchar_t** const words = CommandLineToArgvW(GetCommandLineW(), &count);
  if (!words) return {argv, argv + argc};
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i) {
    const int bytes = WideCharToMultiByte(CP_UTF8, 0, words[i], -1, nullptr, 0, nullptr, nullptr);
    std::string word(static_cast<std::size_t>(bytes), '\0');
    WideCharToMultiByte(CP_UTF8, 0, words[i], -1, word.data(), bytes, nullptr, nullptr);
    word.pop_back();  // the \0 at the end
    out.push_back(word);
  }
  LocalFree(words);
  return out;
}

#else

struct Utf8Console {
  Utf8Console() {}
};

inline std::vector<std::string> utf8_arguments(int argc, char** argv) { return {argv, argv + argc}; }

#endif
