// SPDX-License-Identifier: MIT
#include "detail/core/dtype.hpp"
#include "detail/io/file.hpp"
#include "detail/io/gguf_metadata.hpp"
#include "detail/io/tensor_info.hpp"
#include "detail/io/gguf_parser.hpp"
#include "support/gguf_builder.hpp"
#include "support/message_of.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace {

moe::detail::GgufContents parse(const std::string& bytes) {
  static const TemporaryDirectory directory;
  return moe::detail::parse_gguf(moe::File(directory.write("x.gguf", bytes)));
}

void check_refused(const std::string& bytes, std::initializer_list<std::string_view> parts) {
  check_error([&] { return parse(bytes); }, parts);
}

std::string u64(std::uint64_t value) { return GgufBuilder::bytes_of(value); }
std::string u32(std::uint32_t value) { return GgufBuilder::bytes_of(value); }

/// The bytes of an array value: `type`, `count`, then `elements`, the bytes of all elements.
std::string array(std::uint32_t type, std::uint64_t count, std::string_view elements) {
  return (u32(type) + u64(count)).append(elements);
}

}  // namespace

TEST_CASE("gguf: values of all types are read by key") {
  GgufBuilder file;
  file.value("z", 0, "\x07")
      .value("a", 5, u32(9))
      .value("long", 10, u64(1))
      .value("half", 0.5f)
      .value("name", "word");
  file.value("flag", 7, "\x01").value("negative", 1, "\xff").value("double", 12, GgufBuilder::bytes_of(0.25));
  const moe::detail::GgufMetadata metadata = parse(file.file()).metadata;
  CHECK(metadata.values().size() == 8);
  CHECK(metadata.whole("z") == 7);
  CHECK(metadata.whole("a") == 9);
  CHECK(metadata.whole("long") == 1);
  CHECK(metadata.number("half") == 0.5);
  CHECK(metadata.number("double") == 0.25);
  CHECK(metadata.text("name") == "word");
  CHECK_FALSE(metadata.whole("none"));
  CHECK_FALSE(metadata.find("none"));
  check_error([&] { return metadata.whole("half"); }, {"x.gguf: key \"half\"", "a whole number", "type f32"});
  check_error([&] { return metadata.whole("flag"); }, {"a whole number", "type bool"});
  check_error([&] { return metadata.whole("negative"); }, {"not negative", "found -1"});
  check_error([&] { return metadata.number("a"); }, {"type f32 or f64", "type i32"});
  check_error([&] { return metadata.text("a"); }, {"a string", "type i32"});
  check_error([&] { metadata.require("none"); }, {"key \"none\"", "to be there"});
}

TEST_CASE("gguf: an array of equal numbers counts as that number") {
  GgufBuilder file;
  file.value("same", 9, array(4, 3, u32(5) + u32(5) + u32(5)));
  file.value("other", 9, array(4, 2, u32(5) + u32(6))).value("none", 9, array(4, 0, ""));
  file.value("words", 9, array(8, 2, GgufBuilder::text("a") + GgufBuilder::text("")));
  const moe::detail::GgufMetadata metadata = parse(file.file()).metadata;
  CHECK(metadata.whole("same") == 5);
  check_error([&] { return metadata.whole("other"); },
              {"the same number for all layers", "found 5, and 6 in element 1"});
  check_error([&] { return metadata.whole("none"); },
              {"a whole number", "an array of type u32 with 0 elements"});
  check_error([&] { return metadata.whole("words"); }, {"a whole number", "type string"});
  CHECK(metadata.find("words")->count == 2);
}

TEST_CASE("gguf: a long array is not kept in memory, and its offset in the file is known") {
  GgufBuilder file;
  file.value("long", 9, array(4, 100'000, std::string(400'000, 'x'))).value("behind", 3u);
  const std::string bytes = file.file();
  const moe::detail::GgufMetadata metadata = parse(bytes).metadata;
  CHECK(metadata.find("long")->bytes.empty());
  for (const auto read : {+[](const moe::detail::GgufMetadata& from) { (void)from.whole("long"); },
                          +[](const moe::detail::GgufMetadata& from) { (void)from.wholes("long"); }})
    check_error([&] { return read(metadata), 0; },
                {"key \"long\"", "at most 65536 bytes", "an array of type u32 with 100000 elements"});
  CHECK(bytes.substr(metadata.find("long")->offset, 4) == "xxxx");
  CHECK(metadata.whole("behind") == 3);
}

TEST_CASE(
    "gguf: tensors are sorted by name, with shapes outermost first and offsets from the start of the file") {
  GgufBuilder file;
  file.tensor("b", {4, 2}, 0, std::string(32, 'b')).tensor("a", {32, 1, 2}, 2, std::string(36, 'a'));
  file.tensor("scalar", {}, 24, "s")
      .tensor("k", {256}, 15, std::string(292, 'k'))
      .tensor("h", {3}, 30, "hhhhhh");
  const std::string bytes = file.file();
  const auto tensors = parse(bytes).tensors;
  REQUIRE(tensors.size() == 5);
  CHECK(tensors[0].name == "a");
  CHECK(tensors[0].shape == std::vector<std::uint64_t>{2, 1, 32});
  CHECK(tensors[0].dtype == moe::DType::q4_0);
  CHECK(tensors[1].shape == std::vector<std::uint64_t>{2, 4});
  CHECK(tensors[2].dtype == moe::DType::bf16);
  CHECK(
      (tensors[3].dtype == moe::DType::other && tensors[3].dtype_name == "Q8_K" && tensors[3].bytes == 292));
  CHECK((tensors[4].shape.empty() && tensors[4].bytes == 1));
  for (const moe::TensorInfo& tensor : tensors)
    CHECK(bytes.substr(tensor.offset, tensor.bytes) == std::string(tensor.bytes, tensor.name[0]));
}

TEST_CASE("gguf: general.alignment sets the alignment of tensors") {
  GgufBuilder file;
  file.alignment = 4096;
  file.value("general.alignment", 4096u).tensor("a", {4}, 24, "aaaa").tensor("b", {4}, 24, "bbbb");
  const auto tensors = parse(file.file()).tensors;
  CHECK(tensors[0].offset == 4096);
  CHECK(tensors[1].offset == 8192);
}

TEST_CASE("gguf: a file of version 2 without values and tensors is accepted") {
  GgufBuilder file;
  file.version = 2;
  CHECK(parse(file.file()).tensors.empty());
}

TEST_CASE("gguf: unknown versions and big-endian files are refused") {
  GgufBuilder file;
  for (const std::uint32_t version : {1u, 4u, 77u}) {
    file.version = version;
    check_refused(file.file(), {"byte 4, version", "2 or 3", std::to_string(version)});
  }
  for (const std::uint32_t version : {0u, 0x03000000u}) {
    file.version = version;
    check_refused(file.file(), {"version", "big-endian"});
  }
}

TEST_CASE("gguf: a file of another format is refused, and the error names the format if it is known") {
  GgufBuilder file;
  file.magic = "GGML";
  check_refused(file.file(), {"byte 0: expected GGUF, found another format"});
  check_refused("", {"byte 0: expected GGUF, found an empty file"});
  check_refused("GG", {"byte 0: expected GGUF, found a file of 2 bytes"});
  check_refused("GGUF", {"byte 4: expected 4 more bytes, found 0 until the end of the file"});
  check_refused("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", {"a Git LFS pointer"});
  check_refused("<html><body>404</body></html>", {"an HTML page"});
  check_refused(std::string(100'000, '\0'), {"zeros"});
  check_refused("Invalid username or password.", {"a text that begins with 'Invalid username or password.'"});
}

TEST_CASE("gguf: a count that the size of the file makes impossible is refused") {
  for (const std::uint64_t count : {std::uint64_t{100}, std::uint64_t{1} << 32, ~std::uint64_t{0}}) {
    GgufBuilder tensors, values, strings, numbers;
    tensors.more_tensors = count;
    check_refused(tensors.file(), {"number of tensors", std::to_string(count)});
    values.more_values = count;
    check_refused(values.file(), {"number of metadata values", std::to_string(count)});
    check_refused(strings.value("a", 9, array(8, count, "")).file(),
                  {"a: expected at most", std::to_string(count)});
    check_refused(numbers.value("a", 9, array(10, count, "")).file(),
                  {"a: expected at most", std::to_string(count)});
  }
}

TEST_CASE("gguf: a string longer than the file or than its limit is refused") {
  for (const std::uint64_t length : {std::uint64_t{1000}, std::uint64_t{1} << 31, ~std::uint64_t{0}}) {
    GgufBuilder key, text, element, name;
    const std::string room(200, '\0');
    check_refused(GgufBuilder(key).value("a", 8, u64(length) + "x").file() + room, {"expected"});
    check_refused(text.value("a", 9, array(8, 1, u64(length) + "x")).file() + room, {"expected"});
    key.more_values = 1;
    check_refused(key.head() + u64(length) + room, {"expected"});
    name.more_tensors = 1;
    check_refused(name.head() + u64(length) + room,
                  {"name of a tensor", "at most 64 bytes", std::to_string(length)});
  }
}

TEST_CASE("gguf: empty and duplicate keys are refused") {
  GgufBuilder empty, twice;
  check_refused(empty.value("", 1u).file(), {"key", "an empty text"});
  check_refused(twice.value("a", 1u).value("b", 1u).value("a", 2u).file(), {"key \"a\"", "two"});
}

TEST_CASE("gguf: unknown types of values, arrays of arrays, and booleans other than 0 and 1 are refused") {
  const auto refused = [](std::uint32_t type, const std::string& bytes,
                          std::initializer_list<std::string_view> parts) {
    GgufBuilder file;
    check_refused(file.value("a", type, bytes).file() + std::string(100, '\0'), parts);
  };
  refused(13, "", {"a: expected a type from 0 to 12", "found 13"});
  refused(9, array(13, 1, ""), {"a: expected a type from 0 to 12", "found 13"});
  refused(9, array(9, 1, array(0, 1, "x")), {"an array of arrays"});
  refused(7, "\x02", {"a boolean", "2"});
  refused(9, array(7, 2, "\x01\x03"), {"a boolean", "3"});
  refused(7, "\xff", {"a boolean", "found 255"});
}

TEST_CASE("gguf: an alignment that is not a u32 or not a power of two is refused") {
  const auto refused = [](std::uint32_t type, const std::string& bytes,
                          std::initializer_list<std::string_view> parts) {
    GgufBuilder file;
    check_refused(file.value("general.alignment", type, bytes).file(), parts);
  };
  refused(10, u64(32), {"general.alignment", "a u32", "u64"});
  refused(8, GgufBuilder::text("32"), {"general.alignment", "a u32", "string"});
  for (const std::uint32_t alignment : {0u, 3u, 33u, ~0u})
    refused(4, u32(alignment), {"general.alignment", "a power of two", std::to_string(alignment)});
}

TEST_CASE("gguf: names of tensors that are empty, longer than 64 bytes or duplicate are refused") {
  GgufBuilder empty, longest, longer, twice;
  check_refused(empty.tensor("", {1}, 24, "x").file(), {"name of a tensor", "an empty text"});
  CHECK(parse(longest.tensor(std::string(64, 'n'), {1}, 24, "x").file()).tensors.size() == 1);
  check_refused(longer.tensor(std::string(65, 'n'), {1}, 24, "x").file(), {"at most 64 bytes", "65"});
  check_refused(twice.tensor("a", {1}, 24, "x").tensor("a", {1}, 24, "y").file(), {"tensor \"a\"", "two"});
}

TEST_CASE("gguf: impossible shapes are refused") {
  const auto refused = [](const std::vector<std::uint64_t>& sizes, std::uint32_t type,
                          std::initializer_list<std::string_view> parts) {
    GgufBuilder file;
    check_refused(file.tensor("a", sizes, type, std::string(1000, 'x')).file(), parts);
  };
  constexpr std::uint64_t large = std::uint64_t{1} << 32;
  refused({1, 1, 1, 1, 1}, 24, {"a: expected at most 4 dimensions", "5"});
  constexpr std::uint64_t most = std::uint64_t{1} << 59;
  const std::string limit = "dimensions whose product is at most " + std::to_string(most);
  refused({large, large}, 24, {"tensor \"a\"", limit, "[4294967296, 4294967296], innermost first"});
  refused({large, large, 0}, 24, {"tensor \"a\"", limit});
  refused({0, ~std::uint64_t{0}}, 24, {"tensor \"a\"", limit});
  refused({std::uint64_t{1} << 62}, 0, {"tensor \"a\"", limit});
  refused({most + 1}, 24, {"tensor \"a\"", limit, std::to_string(most + 1)});
  refused({33, 2}, 2, {"tensor \"a\"", "multiple of 32", "Q4_0", "33"});
  refused({}, 8, {"tensor \"a\"", "multiple of 32", "Q8_0"});
  refused({128}, 12, {"tensor \"a\"", "multiple of 256", "Q4_K", "128"});
}

TEST_CASE("gguf: tensors of the newest types of ggml are listed with their names and sizes") {
  GgufBuilder file;
  file.tensor("a", {64, 2}, 40, std::string(72, 'a'))
      .tensor("b", {128}, 41, std::string(18, 'b'))
      .tensor("c", {64}, 42, std::string(18, 'c'));
  const auto tensors = parse(file.file()).tensors;
  REQUIRE(tensors.size() == 3);
  CHECK(
      (tensors[0].dtype == moe::DType::other && tensors[0].dtype_name == "NVFP4" && tensors[0].bytes == 72));
  CHECK((tensors[1].dtype == moe::DType::other && tensors[1].dtype_name == "Q1_0" && tensors[1].bytes == 18));
  CHECK((tensors[2].dtype == moe::DType::other && tensors[2].dtype_name == "Q2_0" && tensors[2].bytes == 18));
}

TEST_CASE("gguf: an error names the byte where the wrong part of the head begins") {
  // Magic, version and the two counts have 24 bytes; then a key of one character has 9 bytes, and a type has 4 bytes.
  GgufBuilder type, boolean, text;
  check_refused(type.value("a", 13, "").file(), {"byte 33, a: expected a type"});
  check_refused(boolean.value("a", 7, "\x02").file(), {"byte 37, a: expected a boolean"});
  check_refused(text.value("a", 8, u64(std::uint64_t{1} << 62)).file(),
                {"byte 37, a: expected at most 1073741824 bytes, found 4611686018427387904 bytes"});
  check_refused("GGUF" + u32(3) + u64(0), {"byte 16: expected 8 more bytes"});
}

TEST_CASE("gguf: checksums that are no array of u32 with an element for each tensor are refused") {
  const auto refused = [](GgufBuilder file, std::string_view found) {
    check_refused(file.tensor("a", {1}, 24, "x").file(),
                  {"key \"moe.crc32c\"", "an array of type u32 with 1 elements", found});
  };
  refused(GgufBuilder().value("moe.crc32c", 7u), "a value of type u32");
  refused(GgufBuilder().value("moe.crc32c", 9, array(4, 2, u64(0))), "an array of type u32 with 2 elements");
  refused(GgufBuilder().value("moe.crc32c", 9, array(5, 1, u32(7))), "an array of type i32 with 1 elements");
}

TEST_CASE("gguf: unknown types of tensors are refused") {
  for (const std::uint32_t type : {4u, 5u, 31u, 33u, 36u, 38u, 1000u, ~0u}) {
    GgufBuilder file;
    check_refused(file.tensor("a", {32}, type, std::string(100, 'x')).file(),
                  {"a: expected a type that ggml defines", std::to_string(type)});
  }
}

TEST_CASE("gguf: data that is unaligned, beyond the end of the file or overlapping is refused") {
  const std::string data(64, 'x');
  const auto refused = [&](std::uint64_t offset, std::uint64_t size,
                           std::initializer_list<std::string_view> parts) {
    GgufBuilder file;
    check_refused(file.tensor("a", {33}, 24, data).info("b", {size}, 24, offset).file(), parts);
  };
  refused(33, 1, {"tensor \"b\"", "a multiple of 32", "33"});
  refused(64, 1, {"tensor \"b\"", "only 64 bytes of data", "1 bytes from offset 64 on"});
  refused(~std::uint64_t{0} - 31, 1, {"tensor \"b\"", "only 64 bytes of data"});
  refused(32, 33, {"tensor \"b\"", "only 64 bytes of data"});
  refused(32, 32, {"tensor \"b\"", "an offset of at least 33", "32"});
  refused(0, 1, {"tensor", "an offset of at least"});
  GgufBuilder empty;
  CHECK(parse(empty.tensor("a", {33}, 24, data).info("b", {0}, 24, 64).file()).tensors.size() == 2);
}

TEST_CASE(
    "gguf: the offset of an empty tensor is at most the file size, even if the file ends after the head") {
  GgufBuilder file;
  file.info("x", {4, 0}, 0, 0);
  const TemporaryDirectory directory;
  const moe::File cut(directory.write("x.gguf", file.head()));
  const auto contents = moe::detail::parse_gguf(cut);
  CHECK(contents.tensors[0].offset <= cut.size());
  CHECK(contents.tensors[0].bytes == 0);
}

TEST_CASE("gguf: a file that is truncated at any byte is refused") {
  GgufBuilder file;
  file.value("number", 3u).value("text", "word").value("list", 9, array(4, 2, u32(1) + u32(2)));
  file.value("words", 9, array(8, 2, GgufBuilder::text("a") + GgufBuilder::text("bc")))
      .value("flag", 7, "\x01");
  file.tensor("a", {4, 2}, 0, std::string(32, 'a')).tensor("b", {32}, 8, std::string(34, 'b'));
  const std::string whole = file.file();
  CHECK(parse(whole).tensors.size() == 2);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    REQUIRE_FALSE(message_of([&] { return parse(whole.substr(0, size)); }).empty());
  }
}

TEST_CASE("gguf: a file with one changed byte is read or refused with an Error") {
  GgufBuilder file;
  file.value("number", 3u).value("text", "word").value("list", 9, array(4, 2, u32(1) + u32(2)));
  file.value("words", 9, array(8, 2, GgufBuilder::text("a") + GgufBuilder::text("bc")));
  file.tensor("a", {4, 2}, 0, std::string(32, 'a')).tensor("b", {32}, 8, std::string(34, 'b'));
  const std::string whole = file.file();
  std::size_t refused = 0;
  for (std::size_t at = 0; at < file.head().size(); ++at)
    for (const char byte : {'\0', '\x01', '\x7f', '\x80', '\xff'}) {
      std::string changed = whole;
      changed[at] = byte;
      if (!message_of([&] { return parse(changed); }).empty()) ++refused;
    }
  CHECK(refused > file.head().size());
}
