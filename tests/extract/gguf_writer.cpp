// SPDX-License-Identifier: MIT
#include "detail/core/dtype.hpp"
#include "detail/io/gguf_metadata.hpp"
#include "detail/io/tensor_info.hpp"
#include "detail/extract/gguf_writer.hpp"
#include "detail/io/file.hpp"
#include "detail/io/gguf_parser.hpp"
#include "support/message_of.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

moe::detail::GgufContents read_gguf(const std::string& path) {
  return moe::detail::parse_gguf(moe::File(path));
}

}  // namespace

TEST_CASE("gguf writer: the parser reads back every value and tensor") {
  const TemporaryDirectory directory;
  moe::detail::GgufWriter file(directory / "x.gguf", 64);
  file.set("name", "word");
  file.set("number", 7u);
  file.set("long", std::uint64_t{1} << 40);
  file.set("negative", std::int16_t{-1});
  file.set("flag", true);
  file.set("fraction", 0.5f);
  file.set("list", std::span<const std::uint32_t>(std::vector<std::uint32_t>{5, 5}));
  file.set("words", std::span<const std::string>(std::vector<std::string>{"a", "bc"}));
  file.add("b", moe::DType::f32, {2, 3});
  file.add("empty", moe::DType::f32, {0});
  file.add("a", moe::DType::q4_0, {2, 1, 32});
  file.add("last", moe::DType::q8_0, {32});
  CHECK(file.data_bytes() == 64 + 64 + 34);
  const std::uint64_t file_bytes = file.file_bytes();
  const std::string b(24, 'b'), a(36, 'a'), last(34, 'l');
  file.write(bytes_of(b).first(7));  // in pieces of any size
  file.write({});
  file.write(bytes_of(b).subspan(7));
  file.write(bytes_of(a));
  file.write(bytes_of(last));
  file.finish();

  const auto [metadata, tensors] = read_gguf(directory / "x.gguf");
  CHECK(metadata.text("name") == "word");
  CHECK(metadata.whole("number") == 7);
  CHECK(metadata.whole("long") == std::uint64_t{1} << 40);
  CHECK(metadata.find("negative")->type == moe::detail::GgufType::i16);
  CHECK(metadata.find("flag")->type == moe::detail::GgufType::boolean);
  CHECK(metadata.number("fraction") == 0.5);
  CHECK(metadata.whole("list") == 5);
  CHECK(metadata.find("words")->count == 2);
  CHECK(metadata.whole("general.alignment") == 64);
  REQUIRE(tensors.size() == 4);
  CHECK(tensors[0].shape == std::vector<std::uint64_t>{2, 1, 32});
  CHECK(tensors[0].dtype == moe::DType::q4_0);
  CHECK(tensors[1].shape == std::vector<std::uint64_t>{2, 3});
  const std::string contents = moe::detail::read_text(directory / "x.gguf");
  CHECK(contents.size() % 64 == 0);
  CHECK(contents.size() == file_bytes);
  for (const moe::TensorInfo& tensor : tensors) {
    CHECK(tensor.offset % 64 == 0);
    CHECK(contents.substr(tensor.offset, tensor.bytes) == std::string(tensor.bytes, tensor.name[0]));
  }
}

TEST_CASE("gguf writer: a file may have no tensors, or only empty tensors") {
  const TemporaryDirectory directory;
  moe::detail::GgufWriter(directory / "none.gguf").finish();
  CHECK(read_gguf(directory / "none.gguf").tensors.empty());
  moe::detail::GgufWriter file(directory / "empty.gguf");
  file.add("a", moe::DType::f32, {0});
  file.add("b", moe::DType::f32, {0, 4});
  file.finish();
  CHECK(read_gguf(directory / "empty.gguf").tensors.size() == 2);
}

TEST_CASE("gguf writer: the file appears under its name only when it is complete") {
  const TemporaryDirectory directory;
  {
    moe::detail::GgufWriter file(directory / "x.gguf");
    file.add("a", moe::DType::f32, {2});
    file.write(bytes_of("0123"));
    CHECK_FALSE(moe::detail::is_file(directory / "x.gguf"));
    check_error([&] { file.finish(); }, {"8 bytes of data", "4"});
  }
  CHECK_FALSE(moe::detail::is_file(directory / "x.gguf"));
  CHECK_FALSE(moe::detail::is_file(directory / "x.gguf.part"));
}

TEST_CASE("gguf writer: alignments, names, shapes and sizes that GGUF does not allow are refused") {
  const TemporaryDirectory directory;
  check_error([&] { moe::detail::GgufWriter(directory / "x.gguf", 48); }, {"a power of two", "48"});
  check_error([&] { moe::detail::GgufWriter(directory / "none/x.gguf"); },
              {"none/x.gguf.part", "a writable file"});
  moe::detail::GgufWriter file(directory / "x.gguf");
  check_error([&] { file.add("a", moe::DType::q4_0, {32, 4}); }, {"a: expected", "[32, 4] Q4_0"});
  check_error([&] { file.add("a", moe::DType::f32, {}); }, {"1 to 4 sizes", "[] F32"});
  check_error([&] { file.add("a", moe::DType::f32, {1, 1, 1, 1, 1}); }, {"1 to 4 sizes"});
  check_error([&] { file.add("a", moe::DType::other, {1}); }, {"other"});
  check_error([&] { file.add(std::string(65, 'n'), moe::DType::f32, {1}); }, {"1 to 64 bytes"});
  check_error(
      [&] {
        file.add("fp8", moe::DType::f8_e4m3, {1, 32});
      },
      {"a type that GGUF files can hold", "f8_e4m3"});
  check_error(
      [&] {
        file.add("a", moe::DType::f32, {std::uint64_t{1} << 32, std::uint64_t{1} << 32});
      },
      {"2^62"});
  check_error([&] { file.add("a", moe::DType::f32, {std::uint64_t{1} << 61}); }, {"2^62 bytes"});
  file.add("a", moe::DType::f32, {2});
  check_error([&] { file.write(bytes_of("0123456789")); }, {"at most 8 bytes", "10"});
  file.write(bytes_of("01234567"));
  check_error([&] { file.write(bytes_of("8")); }, {"at most 0 bytes"});
}

TEST_CASE("gguf writer: values and tensors that are declared after the first call of write() are refused") {
  const TemporaryDirectory directory;
  moe::detail::GgufWriter file(directory / "x.gguf");
  file.add("a", moe::DType::f32, {2});
  file.write(bytes_of("0123"));
  for (const std::string& message : {message_of([&] { return file.set("late", 1u), 0; }),
                                     message_of([&] { return file.add("late", moe::DType::f32, {1}), 0; })})
    CHECK(message.find("x.gguf: late: expected a declaration before the first call of write(), found a later "
                       "declaration") != std::string::npos);
}

TEST_CASE("gguf writer: the padding between tensors counts in the limit of 2^62 bytes") {
  const TemporaryDirectory directory;
  moe::detail::GgufWriter file(directory / "x.gguf");
  file.add("a", moe::DType::f32, {(std::uint64_t{1} << 60) - 1});  // ends 4 bytes before the limit
  check_error([&] { file.add("b", moe::DType::f32, {1}); }, {"b: expected at most 2^62 bytes", "[1]"});
}
