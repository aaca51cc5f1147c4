// SPDX-License-Identifier: MIT
// Tests of Windows only: names of files, pages of mappings, and the console.
#if defined(_WIN32)
#include "detail/io/file.hpp"
#include "detail/io/output_file.hpp"
#include "detail/io/windows_header.hpp"
#include "examples/support/text_file.hpp"
#include "examples/support/utf8_console.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

TEST_CASE("windows: names in UTF-8 are written, listed and read") {
  const TemporaryDirectory directory;
  const std::string name = "\xd0\xbc\xd0\xbe\xd0\xb4\xd0\xb5\xd0\xbb\xd1\x8c \xf0\x9f\x8f\x9b.txt";
  const std::string path = moe::detail::join_path(directory.path(), name);
  moe::detail::write_text(path, "hello");
  CHECK(moe::detail::read_text(path) == "hello");
  const std::vector<std::string> names = moe::detail::list_directory(directory.path());
  CHECK(std::find(names.begin(), names.end(), name) != names.end());
  CHECK(moe::detail::kind_of(path) == moe::detail::PathKind::file);
}

TEST_CASE("windows: paths of more than 260 characters are written, listed and read") {
  const TemporaryDirectory directory;
  std::string path = directory.path();
  for (int depth = 0; depth < 4; ++depth) {
    path = moe::detail::join_path(path, std::string(100, static_cast<char>('a' + depth)));
    REQUIRE(CreateDirectoryW(moe::detail::wide(path).c_str(), nullptr));
  }
  const std::string file = moe::detail::join_path(path, "file.txt");
  REQUIRE(file.size() > 400);
  moe::detail::write_text(file, "hello");
  CHECK(moe::detail::read_text(file) == "hello");
  CHECK(moe::File(file).map().bytes().size() == 5);
  CHECK(moe::detail::is_directory(path));
  CHECK(moe::detail::list_directory(path) == std::vector<std::string>{".", "..", "file.txt"});
}

TEST_CASE(
    "windows: a long path with `..`, and a long name of a server, become absolute paths with a prefix") {
  const std::string middle(300, 'a');
  CHECK(moe::detail::wide("C:/x/../" + middle) == L"\\\\?\\C:\\" + std::wstring(300, L'a'));
  CHECK(moe::detail::wide("//server/share/" + middle) ==
        L"\\\\?\\UNC\\server\\share\\" + std::wstring(300, L'a'));
  CHECK(moe::detail::wide("C:/short") == L"C:/short");
}

// Pages that can be written would be copied to the page file when a mapping is larger than the memory.
TEST_CASE(
    "windows: all pages of a mapping are read-only pages of the file, which the system drops without a "
    "write") {
  const TemporaryDirectory directory;
  const moe::detail::Mapping mapping = moe::File(directory.write("file", std::string(1 << 20, 'x'))).map();
  MEMORY_BASIC_INFORMATION pages;
  REQUIRE(VirtualQuery(mapping.bytes().data(), &pages, sizeof pages) == sizeof pages);
  CHECK(pages.Type == MEM_MAPPED);
  CHECK(pages.Protect == PAGE_READONLY);
  CHECK(pages.AllocationProtect == PAGE_READONLY);
  CHECK(pages.RegionSize >= mapping.bytes().size());
}

TEST_CASE("windows: a file gets its new name although another program has it open for a moment") {
  const TemporaryDirectory directory;
  const std::string path = directory.write("file", "old");
  const HANDLE scanner = CreateFileW(moe::detail::wide(path).c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr,
                                     OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr);
  REQUIRE(scanner != INVALID_HANDLE_VALUE);
  std::thread closing([scanner] {
    Sleep(100);
    CloseHandle(scanner);
  });
  CHECK_NOTHROW(moe::detail::write_text(path, "new"));
  closing.join();
  CHECK(moe::detail::read_text(path) == "new");
}

TEST_CASE("windows: the console has UTF-8 while a program runs, and its own code pages afterwards") {
  const UINT input = GetConsoleCP(), output = GetConsoleOutputCP();
  REQUIRE_MESSAGE(output != 0, "this test needs a console");
  {
    const Utf8Console console;
    CHECK(GetConsoleCP() == CP_UTF8);
    CHECK(GetConsoleOutputCP() == CP_UTF8);
  }
  CHECK(GetConsoleCP() == input);
  CHECK(GetConsoleOutputCP() == output);
}

TEST_CASE("windows: the console delivers a typed line in UTF-8") {
  const Utf8Console console;
  const HANDLE keyboard = GetStdHandle(STD_INPUT_HANDLE);
  for (const wchar_t key : std::wstring(L"\u043f\u0440\u0438\u0432\u0435\u0442 1\r")) {
    INPUT_RECORD event = {};
    event.EventType = KEY_EVENT;
    event.Event.KeyEvent.bKeyDown = TRUE;
    event.Event.KeyEvent.wRepeatCount = 1;
    event.Event.KeyEvent.wVirtualKeyCode = key == L'\r' ? VK_RETURN : 0;
    event.Event.KeyEvent.uChar.UnicodeChar = key;
    DWORD written = 0;
    REQUIRE(WriteConsoleInputW(keyboard, &event, 1, &written));
  }
  std::string line;
  REQUIRE(read_line(std::cin, line));
  CHECK(line == "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82 1");
}
#endif
