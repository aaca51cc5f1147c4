// SPDX-License-Identifier: MIT
#include "detail/io/file_signature.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <utility>

using namespace std::string_literals;

TEST_CASE("file signature: contents that downloads leave in place of a model are named") {
  const TemporaryDirectory directory;
  for (const auto& [contents, description] : std::initializer_list<std::pair<std::string, std::string>>{
           {"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"},
           {"# xet version 0\n", "a Xet pointer"},
           {"\xef\xbb\xbf \n<!doctype HTML>", "an HTML page"},
           {"<HTML>", "an HTML page"},
           {"<Error><Code>AccessDenied</Code></Error>", "an XML text"},
           {"GGUF\x03\0\0\0"s, "a GGUF file"},
           {"tjgg\x03\0\0\0"s, "a file in a format older than GGUF"},
           {"PK\x03\x04"s, "a zip archive"},
           {"\x80\x02}q"s, "a Python pickle"},
           {"\x1f\x8b\x08"s, "a gzip archive"},
           {"\x20\0\0\0\0\0\0\0{\"a\":"s, "a safetensors file"},
           {std::string(1000, '\0'), "zeros"},
           {"", "an empty file"},
           {"abc", "a file of 3 bytes"},
           {"\n\n\x01\x02\x03\x04\x05\x06", "another format"},
           {"Entry not found\nmore", "a text that begins with 'Entry not found'"},
           {"\x7f"
            "ELF\x02\x01\x01\0"s,
            "another format"}}) {
    const moe::File file(directory.write("x", contents));
    const std::string found = moe::detail::describe_contents(file);
    CAPTURE(found);
    CHECK(found.find(description) == 0);
  }
}
