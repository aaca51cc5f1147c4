// SPDX-License-Identifier: MIT
#include "detail/io/random_access_output.hpp"
#include "detail/io/file.hpp"
#include "detail/io/pages.hpp"
#include "detail/io/system.hpp"
#include "detail/io/system_write.hpp"
#include "support/message_of.hpp"
#include "support/temporary_directory.hpp"
#include "support/watchdog.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <string>

#if !defined(_WIN32)
#include <sys/stat.h>
#endif

using moe::detail::RandomAccessOutput;

TEST_CASE("random access output: writes at any offset keep the other contents") {
  const TemporaryDirectory directory;
  const std::string path = directory.write("x", "0123456789");
  RandomAccessOutput file(path);
  file.write_at(3, "abc");
  file.write_at(12, "z");
  file.sync();
  CHECK(moe::detail::read_text(path) == std::string("012abc6789\0\0z", 13));
  file.resize(4);
  CHECK(file.size() == 4);
  CHECK(moe::detail::read_text(path) == "012a");
}

TEST_CASE("random access output: aligned and unaligned writes have the same result") {
  const TemporaryDirectory directory;
  RandomAccessOutput file(directory / "x");
  const moe::detail::Pages pages(2 * RandomAccessOutput::alignment);
  std::memset(pages.data(), 'p', pages.bytes());
  file.write_at(RandomAccessOutput::alignment, {pages.data(), pages.bytes()});
  file.write_at(5, {pages.data(), 7});
  std::string expected(3 * RandomAccessOutput::alignment, 'p');
  expected.replace(0, RandomAccessOutput::alignment, RandomAccessOutput::alignment, '\0');
  expected.replace(5, 7, "ppppppp");
  CHECK(moe::detail::read_text(directory / "x") == expected);
}

#if !defined(_WIN32)
TEST_CASE("random access output: a file that is locked already cannot be locked, and the error says so") {
  const TemporaryDirectory directory;
  RandomAccessOutput first(directory / "x"), second(directory / "x");
  first.lock();
  check_error([&] { return second.lock(), 0; }, {"x: locking", "not locked", "found a file in use"});
}

TEST_CASE("random access output: a failure of locking for another reason does not count as a locked file") {
  CHECK_FALSE(moe::detail::lock_file(moe::detail::no_file));
  CHECK_FALSE(moe::detail::is_locked(moe::detail::last_error()));
}
#endif

#if defined(__linux__)
TEST_CASE("random access output: a FIFO or device is refused without waiting, and no handle stays open") {
  const Watchdog watchdog(std::chrono::seconds(20));
  const auto handles = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
  };
  const TemporaryDirectory directory;
  REQUIRE(::mkfifo((directory / "fifo").c_str(), 0600) == 0);
  const auto before = handles();
  check_error([&] { return RandomAccessOutput(directory / "fifo"); }, {"fifo", "a file", "a FIFO"});
  check_error([&] { return RandomAccessOutput("/dev/null"); }, {"/dev/null", "a device"});
  CHECK(handles() == before);
}
#endif
