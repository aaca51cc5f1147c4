// SPDX-License-Identifier: MIT
#include "detail/io/file.hpp"
#include "support/message_of.hpp"
#include "support/no_such_file.hpp"
#include "support/temporary_directory.hpp"
#include "support/watchdog.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#if !defined(_WIN32)
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#endif

TEST_CASE("file: several threads read any ranges at the same time") {
  const TemporaryDirectory directory;
  std::string contents;
  for (int i = 0; i < 100000; ++i) contents += static_cast<char>(i * 7);
  const moe::File file(directory.write("x", contents));
  CHECK(file.size() == contents.size());
  std::vector<std::thread> threads;
  std::vector<std::string> parts(8, std::string(12345, '\0'));
  for (std::size_t t = 0; t < parts.size(); ++t)
    threads.emplace_back([&, t] { file.read_at(t * 1000, std::as_writable_bytes(std::span(parts[t]))); });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t t = 0; t < parts.size(); ++t) CHECK(parts[t] == contents.substr(t * 1000, 12345));
}

TEST_CASE("file: a read past the end is an error that names the offset") {
  const TemporaryDirectory directory;
  const std::string path = directory.write("x", "0123456789");
  const moe::File file(path);
  std::byte into[8];
  check_error(
      [&] {
        file.read_at(5, into);
        return 0;
      },
      {path, "byte 10", "3 more bytes", "the end of the file"});
}

TEST_CASE("file: an error of opening a file names the reason") {
  const TemporaryDirectory directory;
  check_error([&] { return moe::File(directory / "missing"); }, {directory / "missing", no_such_file()});
  check_error([&] { return moe::File(directory.path()); }, {"a file", "a directory"});
  check_error([&] { return moe::detail::list_directory(directory / "missing"); },
              {"missing", no_such_directory()});
}

TEST_CASE("file: the message of an error of the system is a sentence without its end") {
#if !defined(_WIN32)
  CHECK(moe::detail::message_of(2) == "No such file or directory");
#endif
  const std::string message = moe::detail::message_of(2);
  REQUIRE_FALSE(message.empty());
  CHECK(std::string_view(".\r\n ").find(message.back()) == std::string_view::npos);
}

#if !defined(_WIN32)
namespace {

/// Creates a socket in a directory and returns its path.
std::string make_socket(const TemporaryDirectory& directory) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = directory / "socket";
  REQUIRE(path.size() < sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::close(socket);
  return path;
}

}  // namespace

TEST_CASE("file: a FIFO, a socket, a device and a broken link are refused by their kind, without waiting") {
  const Watchdog watchdog(std::chrono::seconds(20));
  const TemporaryDirectory directory;
  const std::string fifo = directory / "fifo", link = directory / "link";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  std::filesystem::create_symlink("nowhere", link);
  const std::string socket = make_socket(directory);
  check_error([&] { return moe::File(fifo); }, {fifo, "a FIFO"});
  check_error([&] { return moe::detail::read_text(fifo); }, {fifo, "a FIFO"});
  check_error([&] { return moe::File(socket); }, {socket, "a socket"});
  check_error([&] { return moe::File("/dev/null"); }, {"/dev/null", "a device"});
  check_error([&] { return moe::File(link); }, {link, "a symbolic link to a file that does not exist"});
  for (const std::string& path : {fifo, socket, link}) CHECK(moe::detail::is_file(path));
}

TEST_CASE("file: opening a FIFO that took the name of a file returns at once") {
  const Watchdog watchdog(std::chrono::seconds(20));
  const TemporaryDirectory directory;
  REQUIRE(::mkfifo((directory / "fifo").c_str(), 0600) == 0);
  const moe::detail::UniqueFile opened(moe::detail::open_file(directory / "fifo"));
  REQUIRE(opened);
  CHECK(moe::detail::kind_of(opened.get()) == moe::detail::PathKind::fifo);
}

TEST_CASE("file: a link to a file is that file") {
  const TemporaryDirectory directory;
  directory.write("x", "hello");
  std::filesystem::create_symlink("x", directory / "link");
  CHECK(moe::detail::read_text(directory / "link") == "hello");
}

TEST_CASE("file: on POSIX a backslash is a letter of a name") {
  CHECK(moe::detail::parent_directory("a/b\\c") == "a");
  CHECK(moe::detail::parent_directory("b\\c") == ".");
  CHECK(moe::detail::file_name("a/b\\c") == "b\\c");
}
#endif

TEST_CASE("file: the entries of a directory are listed in order") {
  const TemporaryDirectory directory;
  for (const char* name : {"b", "a", "c"}) directory.write(name, "");
  const std::vector<std::string> expected{".", "..", "a", "b", "c"};
  CHECK(moe::detail::list_directory(directory.path()) == expected);
}

TEST_CASE("file: a mapping has the contents of the file and outlives the File") {
  const TemporaryDirectory directory;
  moe::detail::Mapping mapping = moe::File(directory.write("x", "hello")).map();
  const moe::detail::Mapping moved = std::move(mapping);
  REQUIRE(moved.bytes().size() == 5);
  CHECK(moved.bytes()[4] == std::byte{'o'});
  CHECK(mapping.bytes().empty());
  moe::detail::Mapping::will_need(moved.bytes());
}

TEST_CASE("file: an empty file has an empty mapping") {
  const TemporaryDirectory directory;
  CHECK(moe::File(directory.write("x", "")).map().bytes().empty());
}

TEST_CASE("file: read_text refuses a file that is larger than its limit") {
  const TemporaryDirectory directory;
  const std::string path = directory.write("x", "0123456789");
  CHECK(moe::detail::read_text(path) == "0123456789");
  check_error([&] { return moe::detail::read_text(path, 9); }, {path, "at most 9 bytes", "10 bytes"});
}

TEST_CASE("file: paths are joined and split at separators") {
  CHECK(moe::detail::join_path("a", "b") == "a/b");
  CHECK(moe::detail::join_path("a/", "b") == "a/b");
  CHECK(moe::detail::join_path("", "b") == "b");
  CHECK(moe::detail::parent_directory("a/b/c") == "a/b");
  CHECK(moe::detail::parent_directory("c") == ".");
  CHECK(moe::detail::parent_directory("/c") == "/");
  CHECK(moe::detail::file_name("a/b/c") == "c");
  CHECK(moe::detail::file_name("c") == "c");
  CHECK(moe::detail::file_name("a/") == "");
}
