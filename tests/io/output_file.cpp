// SPDX-License-Identifier: MIT
#include "detail/io/output_file.hpp"
#include "detail/io/file.hpp"
#include "support/message_of.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <thread>

#if !defined(_WIN32)
#include <sys/stat.h>
#endif

TEST_CASE("output file: gets its name when it is complete, and is removed otherwise") {
  const TemporaryDirectory directory;
  const std::string path = directory.write("x", "before");
  {
    moe::detail::OutputFile file(path);
    file.write("after");
    CHECK(moe::detail::read_text(path) == "before");
  }
  CHECK(moe::detail::read_text(path) == "before");
  CHECK_FALSE(moe::detail::is_file(path + ".part"));
  moe::detail::write_text(path, "after");
  CHECK(moe::detail::read_text(path) == "after");
  CHECK_FALSE(moe::detail::is_file(path + ".part"));
}

TEST_CASE("output file: is removed if it cannot be renamed") {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "x");
  check_error(
      [&] {
        moe::detail::write_text(directory / "x", "text");
        return 0;
      },
      {"x.part: renaming", "the new name"});
  CHECK_FALSE(moe::detail::is_file(directory / "x.part"));
}

#if !defined(_WIN32)
TEST_CASE("output file: a symbolic link stays, and its target is replaced") {
  const TemporaryDirectory directory;
  const std::string path = directory.write("x", "before");
  std::filesystem::create_symlink("x", directory / "link");
  moe::detail::write_text(directory / "link", "after");
  CHECK(std::filesystem::is_symlink(directory / "link"));
  CHECK(moe::detail::read_text(path) == "after");
}

TEST_CASE("output file: a FIFO is written directly and stays a FIFO") {
  const TemporaryDirectory directory;
  const std::string path = directory / "pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  std::string read;
  std::thread reader([&] {
    std::FILE* file = std::fopen(path.c_str(), "rb");
    for (int c; (c = std::fgetc(file)) != EOF;) read += static_cast<char>(c);
    std::fclose(file);
  });
  moe::detail::write_text(path, "text");
  reader.join();
  CHECK(read == "text");
  CHECK(std::filesystem::is_fifo(path));
}
#endif
