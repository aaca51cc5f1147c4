// SPDX-License-Identifier: MIT
#include "detail/io/direct_file.hpp"
#include "detail/io/file.hpp"
#include "detail/io/pages.hpp"
#include "detail/io/system.hpp"
#include "detail/io/system_direct.hpp"
#include "support/message_of.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <string>

using moe::detail::DirectFile;
using moe::detail::Pages;

namespace {

std::string direct_contents(std::size_t bytes, int seed = 7) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i)
    text[i] = static_cast<char>(static_cast<int>(i) * seed + static_cast<int>(i / 256));
  return text;
}

std::string read_directly(const DirectFile& file, std::size_t bytes) {
  const Pages into(bytes);
  file.read_at(0, {into.data(), into.bytes()}, bytes);
  return {reinterpret_cast<const char*>(into.data()), bytes};
}

}  // namespace

TEST_CASE("direct file: every aligned range is read, up to the last byte of the file") {
  const TemporaryDirectory directory;
  const std::string text = direct_contents(3 * 4096 + 100);
  const moe::File opened(directory.write("file", text));
  const DirectFile file(opened);
  const Pages into(4 * 4096);
  for (const std::size_t offset : {0u, 4096u, 3u * 4096u})
    for (const std::size_t needed : {std::size_t{1}, std::size_t{100}, text.size() - offset}) {
      if (offset + needed > text.size()) continue;
      std::memset(into.data(), 0, into.bytes());
      file.read_at(offset, {into.data(), Pages::rounded(needed)}, needed);
      CHECK(std::memcmp(into.data(), text.data() + offset, needed) == 0);
    }
}

TEST_CASE("direct file: a read past the end of the file is an error that names the file") {
  const TemporaryDirectory directory;
  const std::string path = directory.write("short", direct_contents(5000));
  const moe::File opened(path);
  const DirectFile file(opened);
  const Pages into(8192);
  const auto read = [&](std::size_t offset, std::size_t bytes, std::size_t needed) {
    return [&, offset, bytes, needed] { return file.read_at(offset, {into.data(), bytes}, needed), 0; };
  };
  check_error(read(0, 8192, 5001), {path, "the end of the file"});
  check_error(read(8192, 4096, 1), {path, "the end of the file"});
}

TEST_CASE("direct file: the file that was opened is read, although another file has its name by now") {
  const TemporaryDirectory directory;
  const std::string old_text = direct_contents(8192, 7), new_text = direct_contents(8192, 9);
  const std::string path = directory.write("model", old_text);
  const moe::File opened(path);
  std::filesystem::rename(directory.write("other", new_text), path);
  CHECK(read_directly(DirectFile(opened), 8192) == old_text);
  CHECK(read_directly(DirectFile(moe::File(path)), 8192) == new_text);
}

TEST_CASE("direct file: the file that was opened is read, although its name is gone") {
  const TemporaryDirectory directory;
  const std::string text = direct_contents(8192);
  const moe::File opened(directory.write("model", text));
  std::filesystem::remove(opened.path());
  CHECK(read_directly(DirectFile(opened), 8192) == text);
}

#if !defined(_WIN32)
TEST_CASE("direct file: a path is reopened only while it names the file that is open") {
  const TemporaryDirectory directory;
  const std::string path = directory.write("model", direct_contents(8192));
  const moe::File opened(path);
  const auto reopen = [&] {
    const auto handle =
        moe::detail::open_direct_if_same(opened.handle(), path, moe::detail::FileAccess::read);
    if (handle != moe::detail::no_file) moe::detail::close_file(handle);
    return handle != moe::detail::no_file;
  };
  CHECK(reopen() == !DirectFile(opened).refused());
  std::filesystem::rename(directory.write("other", direct_contents(8192)), path);
  CHECK_FALSE(reopen());
}
#endif

#if defined(__linux__)
TEST_CASE(
    "direct file: a file system that refuses direct reads is read through the page cache, and refused() says "
    "so") {
  const moe::File opened(
      "/proc/self/limits");  // procfs has no direct reads; QEMU replaces /proc/self/maps by a file
  const DirectFile file(opened);
  const Pages into(4096);
  file.read_at(0, {into.data(), 4096}, 16);
  CHECK(file.refused());
}
#endif
