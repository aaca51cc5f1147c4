// SPDX-License-Identifier: MIT
#include "detail/core/dtype.hpp"
#include "detail/io/file.hpp"
#include "detail/io/tensor_info.hpp"
#include "detail/io/safetensors.hpp"
#include "support/message_of.hpp"
#include "support/safetensors_writer.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

const TemporaryDirectory& directory() {
  static const TemporaryDirectory one;
  return one;
}

std::vector<moe::TensorInfo> read(std::string_view contents) {
  return moe::detail::read_safetensors(moe::File(directory().write("x.safetensors", contents)));
}

/// The error message for a file with this header and 8 bytes of data.
std::string refusal(std::string_view header) {
  return message_of([&] { return read(safetensors(header, "01234567")); });
}

bool contains(const std::string& text, std::string_view part) {
  CAPTURE(text);
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("safetensors: tensors have their offsets in the file") {
  const std::string contents = SafetensorsWriter()
                                   .add("b", "F32", {1}, "0123")
                                   .add("a", "BF16", {2, 1}, "abcd")
                                   .add("scalar", "U8", {}, "x")
                                   .add("empty", "F32", {3, 0}, "")
                                   .text();
  const auto tensors = read(contents);
  REQUIRE(tensors.size() == 4);
  for (const moe::TensorInfo& tensor : tensors) {
    const std::string bytes = contents.substr(tensor.offset, tensor.bytes);
    if (tensor.name == "b") CHECK((bytes == "0123" && tensor.dtype == moe::DType::f32));
    if (tensor.name == "a") CHECK((bytes == "abcd" && tensor.dtype == moe::DType::bf16));
    if (tensor.name == "a") CHECK(tensor.shape == std::vector<std::uint64_t>{2, 1});
    if (tensor.name == "scalar") CHECK((bytes == "x" && tensor.shape.empty()));
    if (tensor.name == "empty") CHECK(bytes.empty());
  }
}

TEST_CASE("safetensors: the header may have padding of any size") {
  std::string header = R"(  {"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";
  for (int padding = 0; padding < 8; ++padding, header += ' ')
    CHECK(read(safetensors(header, "x"))[0].offset == 8 + header.size());
}

TEST_CASE("safetensors: a file without tensors is valid") { CHECK(read(safetensors("{}", "")).empty()); }

TEST_CASE("safetensors: metadata is a map of strings") {
  CHECK(read(safetensors(R"({"__metadata__":{"format":"pt"}})", "")).empty());
  CHECK(contains(refusal(R"({"__metadata__":{"format":1}})"), "$.__metadata__.format: expected a string"));
  CHECK(contains(refusal(R"({"__metadata__":"pt"})"), "$.__metadata__: expected an object"));
}

TEST_CASE("safetensors: fewer than 8 bytes are refused") {
  for (std::size_t size = 0; size < 8; ++size)
    CHECK(contains(message_of([&] { return read(std::string(size, '\0')); }), "at least 8 bytes"));
}

TEST_CASE("safetensors: a header of more than 100 million bytes is refused") {
  std::string contents(16, '\0');
  contents[4] = 1;  // 2^32
  CHECK(contains(message_of([&] { return read(contents); }), "at most 100000000"));
}

TEST_CASE("safetensors: a header longer than the file is refused") {
  CHECK(contains(message_of([&] { return read(std::string("\x09\0\0\0\0\0\0\0{}", 10)); }),
                 "header size: expected at most 2 bytes, the rest of the file, found 9 bytes"));
}

TEST_CASE("safetensors: a header that is not JSON in UTF-8 is refused") {
  CHECK(contains(refusal("{\"\xff\":1}"), "expected UTF-8"));
  CHECK(contains(refusal("{"), "x.safetensors, header: byte 1"));
  CHECK(contains(refusal("[]"), "$: expected an object"));
}

TEST_CASE("safetensors: a malformed entry is refused") {
  CHECK(contains(refusal(R"({"a":1})"), "$.a: expected an object"));
  CHECK(contains(refusal(R"({"a":{"shape":[8],"data_offsets":[0,8]}})"), "\"dtype\""));
  CHECK(contains(refusal(R"({"a":{"dtype":"U8","data_offsets":[0,8]}})"), "\"shape\""));
  CHECK(contains(refusal(R"({"a":{"dtype":"U8","shape":[8]}})"), "\"data_offsets\""));
  CHECK(contains(refusal(R"({"a":{"dtype":8,"shape":[8],"data_offsets":[0,8]}})"),
                 "$.a.dtype: expected a string"));
  CHECK(contains(refusal(R"({"a":{"dtype":"U8","shape":[-8],"data_offsets":[0,8]}})"),
                 "$.a.shape[0]: expected a whole number"));
  CHECK(contains(refusal(R"({"a":{"dtype":"U8","shape":[8.0],"data_offsets":[0,8]}})"), "$.a.shape[0]"));
  CHECK(contains(refusal(R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,4,8]}})"), "two offsets"));
}

TEST_CASE("safetensors: data that does not begin at 0 is refused") {
  CHECK(contains(refusal(R"({"a":{"dtype":"U8","shape":[7],"data_offsets":[1,8]}})"), "from offset 0"));
}

TEST_CASE("safetensors: a gap between tensors is refused") {
  CHECK(contains(
      refusal(
          R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})"),
      "tensor \"b\": expected data from offset 3 on, found 4"));
}

TEST_CASE("safetensors: overlapping tensors are refused") {
  CHECK(contains(
      refusal(
          R"({"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})"),
      "tensor \"b\": expected data from offset 5 on, found 4"));
}

TEST_CASE("safetensors: data that ends before it begins is refused") {
  CHECK(contains(refusal(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[8,0]}})"),
                 "$.a.data_offsets: expected an end of at least 8, found 0"));
}

TEST_CASE("safetensors: a shape that overflows is refused") {
  CHECK(contains(refusal(R"({"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,8]}})"),
                 "64 bits"));
  CHECK(contains(refusal(R"({"a":{"dtype":"F32","shape":[2305843009213693952],"data_offsets":[0,8]}})"),
                 "64 bits"));
}

TEST_CASE("safetensors: a tensor that ends inside a byte is refused") {
  CHECK(contains(refusal(R"({"a":{"dtype":"F4","shape":[15],"data_offsets":[0,8]}})"),
                 "a whole number of bytes"));
}

TEST_CASE("safetensors: a shape that does not match the size of the data is refused") {
  CHECK(contains(refusal(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})"),
                 "12 bytes for [3] F32, found 8 bytes"));
}

TEST_CASE("safetensors: data that is longer or shorter than the tensors is refused") {
  CHECK(contains(refusal(R"({"a":{"dtype":"U8","shape":[7],"data_offsets":[0,7]}})"),
                 "size: expected 7 bytes of data, as in the header, found 8 bytes"));
  CHECK(contains(refusal(R"({"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}})"),
                 "expected 9 bytes of data, as in the header, found 8 bytes, perhaps because of an "
                 "incomplete download"));
}

TEST_CASE("safetensors: duplicate names are refused") {
  CHECK(contains(
      refusal(
          R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})"),
      "tensor \"a\": expected one tensor of this name, found two"));
}

TEST_CASE("safetensors: a tensor of an unknown type is listed") {
  const auto tensors =
      read(safetensors(R"({"a":{"dtype":"Q9","shape":[3],"data_offsets":[0,8]}})", "01234567"));
  REQUIRE(tensors.size() == 1);
  CHECK(tensors[0].dtype == moe::DType::other);
  CHECK(tensors[0].dtype_name == "Q9");
}

TEST_CASE("safetensors: a file that is truncated at any byte is refused") {
  const std::string whole =
      SafetensorsWriter().add("a", "F32", {2}, "01234567").add("b", "U8", {1}, "x").text();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(message_of([&] { return read(whole.substr(0, size)); }).empty());
  }
}

TEST_CASE("safetensors: a file of another format is refused by the name of its format") {
  const auto found = [](const std::string& contents, std::string_view format) {
    return contains(message_of([&] { return read(contents); }), format);
  };
  CHECK(found("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "a Git LFS pointer"));
  CHECK(found("<!DOCTYPE html><html></html>", "an HTML page"));
  CHECK(found(std::string(100, '\0'), "zeros"));
  CHECK(found("", "an empty file"));
  CHECK(found("Entry not found", "a text that begins with 'Entry not found'"));
  CHECK(found(std::string("PK\x03\x04\0\0\0\0abcdefgh", 16), "a zip archive"));
}

TEST_CASE("safetensors: a header whose size has the bytes of a gzip archive is still a header") {
  std::string header = R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";
  header.resize(0x8b1f, ' ');
  CHECK(read(safetensors(header, "x")).size() == 1);
}
