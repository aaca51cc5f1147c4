#include "detail/io/pages.hpp"
#include "detail/io/direct_file.hpp"
#include "support/message_of.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <string>

namespace {

std::string contents(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 7 + i / 256);
  return text;
}

}  // namespace

TEST_CASE("direct file: reads what is there, up to the last byte") {
  const TemporaryDirectory directory;
  const std::string text = contents(3 * 4096 + 100);
  const moe::detail::DirectFile file(directory.write("file", text));
  moe::detail::Pages into(4 * 4096);
  for (const std::size_t offset : {0u, 4096u, 3u * 4096u})
    for (const std::size_t needed : {std::size_t{1}, std::size_t{100}, text.size() - offset}) {
      if (offset + needed > text.size()) continue;
      std::memset(into.data(), 0, into.bytes());
      file.read_at(offset, {into.data(), moe::detail::Pages::rounded(needed)}, needed);
      CHECK(std::memcmp(into.data(), text.data() + offset, needed) == 0);
    }
}

TEST_CASE("direct file: the end of the file is an error") {
  const TemporaryDirectory directory;
  const std::string path = directory.write("short", contents(5000));
  const moe::detail::DirectFile file(path);
  moe::detail::Pages into(8192);
  check_error(
      [&] {
        file.read_at(0, {into.data(), 8192}, 5001);
        return 0;
      },
      {path, "the end of the file"});
  check_error(
      [&] {
        file.read_at(8192, {into.data(), 4096}, 1);
        return 0;
      },
      {path, "the end of the file"});
}

TEST_CASE("direct file: a missing file is an error") {
  check_error([] { return moe::detail::DirectFile("/nowhere/at/all"); }, {"/nowhere/at/all"});
}

#if defined(__linux__)
TEST_CASE(
    "direct file: a file system that refuses direct reads is read through the cache, and that is known") {
  // procfs knows no direct reading.
  const moe::detail::DirectFile file("/proc/self/maps");
  moe::detail::Pages into(4096);
  file.read_at(0, {into.data(), 4096}, 16);
  CHECK(file.refused());
}
#endif
