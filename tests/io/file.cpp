#include "detail/io/file.hpp"
#include "support/message_of.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <thread>
#include <vector>

TEST_CASE("file: any range is read from any thread") {
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

TEST_CASE("file: reading past the end is an error that says where") {
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

TEST_CASE("file: what cannot be opened is an error that says why") {
  const TemporaryDirectory directory;
  check_error([&] { return moe::File(directory / "missing"); }, {directory / "missing", "No such file"});
  check_error([&] { return moe::File(directory.path()); }, {"a file", "a directory"});
}

TEST_CASE("file: a mapping shows the contents and outlives the file object") {
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

TEST_CASE("file: read_text refuses more than it is told to") {
  const TemporaryDirectory directory;
  const std::string path = directory.write("x", "0123456789");
  CHECK(moe::detail::read_text(path) == "0123456789");
  check_error([&] { return moe::detail::read_text(path, 9); }, {path, "at most 9 bytes", "10 bytes"});
}

TEST_CASE("file: paths are joined and taken apart") {
  CHECK(moe::detail::join_path("a", "b") == "a/b");
  CHECK(moe::detail::join_path("a/", "b") == "a/b");
  CHECK(moe::detail::join_path("", "b") == "b");
  CHECK(moe::detail::parent_directory("a/b/c") == "a/b");
  CHECK(moe::detail::parent_directory("c") == ".");
  CHECK(moe::detail::parent_directory("/c") == "/");
}
