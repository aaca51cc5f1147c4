// SPDX-License-Identifier: MIT
#include "detail/core/dtype.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/io/gguf_path.hpp"
#include "detail/io/tensor_info.hpp"
#include "support/gguf_builder.hpp"
#include "support/gguf_model.hpp"
#include "support/message_of.hpp"
#include "support/safetensors_writer.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

TEST_CASE("gguf checkpoint: dense.gguf and experts.gguf in a directory are one checkpoint") {
  const TemporaryDirectory directory;
  GgufBuilder dense = gguf_model(), experts;
  directory.write("dense.gguf", add_tensor(dense, "output_norm.weight", {4}).file());
  CHECK(moe::Checkpoint(directory.path()).files().size() == 1);
  directory.write("experts.gguf", add_tensor(experts, "blk.0.ffn_up.0.weight", {4, 3}).file());
  const moe::Checkpoint checkpoint(directory.path());
  CHECK(checkpoint.files().size() == 2);
  CHECK(checkpoint.directory() == directory.path());
  CHECK(checkpoint.file_of(checkpoint.at("blk.0.ffn_up.0.weight")) == directory / "experts.gguf");
}

TEST_CASE("gguf checkpoint: a directory with one GGUF model is that model") {
  const TemporaryDirectory directory;
  directory.write("mmproj-f16.gguf", GgufBuilder().file());
  directory.write("mtp-x.gguf", GgufBuilder().file());
  directory.write("notes.txt", "GGUF");
  check_error([&] { return moe::Checkpoint(directory.path()); },
              {"model.safetensors", "a GGUF file, found none of them"});
  GgufBuilder file = gguf_model();
  directory.write("x.gguf", add_tensor(file, "output_norm.weight", {4}).file());
  const moe::Checkpoint checkpoint(directory.path());
  CHECK(checkpoint.directory() == directory.path());
  CHECK(checkpoint.file_of(checkpoint.at("output_norm.weight")) == directory / "x.gguf");
  directory.write("y.gguf", file.file());
  check_error([&] { return moe::Checkpoint(directory.path()); }, {"one GGUF model", "x.gguf", "y.gguf"});
}

namespace {

/// Part `number` of `count`, counted from 0, with one tensor.
GgufBuilder part(std::uint16_t number, std::uint16_t count, bool first) {
  GgufBuilder file = first ? gguf_model() : GgufBuilder();
  file.value("split.no", 2, GgufBuilder::bytes_of(number))
      .value("split.count", 2, GgufBuilder::bytes_of(count));
  if (first) file.value("split.tensors.count", 5, GgufBuilder::bytes_of(std::int32_t{3}));
  return add_tensor(file, "blk." + std::to_string(number) + ".attn_norm.weight", {4});
}

}  // namespace

TEST_CASE("gguf checkpoint: any part of a split file opens all parts") {
  const TemporaryDirectory directory;
  for (std::uint16_t i = 0; i < 3; ++i)
    directory.write("x-0000" + std::to_string(i + 1) + "-of-00003.gguf", part(i, 3, i == 0).file());
  for (const char* name : {"x-00001-of-00003.gguf", "x-00003-of-00003.gguf", ""}) {
    const moe::Checkpoint checkpoint(*name ? directory / name : directory.path());
    CHECK(checkpoint.files().size() == 3);
    CHECK(checkpoint.tensors().size() == 3);
    CHECK(checkpoint.file_of(checkpoint.at("blk.2.attn_norm.weight")) == directory / "x-00003-of-00003.gguf");
  }
}

TEST_CASE("gguf checkpoint: parts of different files are refused") {
  const TemporaryDirectory directory;
  const std::string first = directory.write("x-00001-of-00003.gguf", part(0, 3, true).file());
  const auto check = [&](std::initializer_list<std::string_view> parts) {
    check_error([&] { return moe::Checkpoint(first); }, parts);
  };
  check({"x-00002-of-00003.gguf", "a part of a split GGUF file", "no such file"});
  directory.write("x-00003-of-00003.gguf", part(2, 3, false).file());
  directory.write("x-00002-of-00003.gguf", part(2, 3, false).file());
  check({"x-00002-of-00003.gguf: split.no: expected 1, found 2"});
  directory.write("x-00002-of-00003.gguf", part(1, 4, false).file());
  check({"x-00002-of-00003.gguf: split.count: expected 3, found 4"});
  directory.write("x-00002-of-00003.gguf", GgufBuilder().file());
  check({"x-00002-of-00003.gguf: split.no: expected 1, found none"});
  GgufBuilder more = part(1, 3, false);
  directory.write("x-00002-of-00003.gguf", add_tensor(more, "a", {1}).file());
  check({"tensors of all parts", "expected 3", "found 4"});
  GgufBuilder other = part(1, 3, false);
  directory.write("x-00002-of-00003.gguf",
                  other.value("split.tensors.count", 5, GgufBuilder::bytes_of(std::int32_t{4})).file());
  check({"x-00002-of-00003.gguf: split.tensors.count: expected 3, as in the first part, found 4"});
  directory.write("x-00001-of-00003.gguf", part(0, 2, true).file());
  check({"name of the file", "N = 2", "found \"x-00001-of-00003.gguf\""});
  for (const std::string& alone : {part(0, 1, true).file(), part(0, 0, true).file(), gguf_model().file()}) {
    directory.write("x-00001-of-00003.gguf", alone);
    check({"x-00001-of-00003.gguf: split.count: expected 3, as in the name of the file, found "});
  }
  check({"found none"});
  check_error([&] { return moe::Checkpoint(directory.write("y.gguf", part(0, 3, true).file())); },
              {"y.gguf: name of the file", "-00001-of-N.gguf with N = 3", "found \"y.gguf\""});
  CHECK(moe::Checkpoint(directory.write("z.gguf", part(0, 1, true).file())).files().size() == 1);
  directory.write("x-00001-of-00003.gguf", part(0, 3, true).file());
  directory.write("x-00002-of-00003.gguf", "version https://git-lfs.github.com/spec/v1\n");
  check({"x-00002-of-00003.gguf: byte 0: expected GGUF, found a Git LFS pointer"});
}

TEST_CASE("gguf checkpoint: a small copy beside experts without a checksum is an error about these experts") {
  const TemporaryDirectory directory;
  GgufBuilder dense = gguf_model(), experts, small;
  directory.write("dense.gguf", add_tensor(dense, "output_norm.weight", {4}).file());
  directory.write("experts.gguf", add_tensor(experts, "blk.0.ffn_up.0.weight", {4, 3}).file());
  small.value("moe.small_copy_of", 7u);
  directory.write("experts.q8_0.gguf", add_tensor(small, "blk.0.ffn_up.0.weight", {4, 3}).file());
  check_error(
      [&] { return moe::Checkpoint(directory.path()).small_copy(moe::DType::q8_0); },
      {directory / "experts.gguf: moe.head_crc32c", "the checksum that the extractor writes", "found none"});
}

TEST_CASE("gguf checkpoint: a file without tensors is refused as a vocabulary") {
  const TemporaryDirectory directory;
  GgufBuilder vocabulary = gguf_model();
  vocabulary.array("tokenizer.ggml.tokens", std::vector<std::string>{"a"});
  check_error([&] { return moe::Checkpoint(directory.write("x.gguf", vocabulary.file())); },
              {"x.gguf", "has no tensors (a vocabulary only)"});
  check_error([&] { return moe::Checkpoint(directory.write("x.gguf", GgufBuilder().file())); },
              {"x.gguf", "a file that has no tensors"});
}

TEST_CASE(
    "gguf checkpoint: a file that is no GGUF is named, also in a directory or without the ending .gguf") {
  const TemporaryDirectory directory;
  const std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n";
  for (const auto& [contents, format] : std::initializer_list<std::pair<std::string, const char*>>{
           {pointer, "a Git LFS pointer"},
           {"<!DOCTYPE html><html></html>", "an HTML page"},
           {std::string(100'000, '\0'), "zeros"},
           {"", "an empty file"},
           {"GG", "a file of 2 bytes"}}) {
    const std::string file = directory.write("x.gguf", contents);
    check_error([&] { return moe::Checkpoint(file); }, {"x.gguf: byte 0: expected GGUF", format});
    check_error([&] { return moe::Checkpoint(directory.path()); }, {"x.gguf: byte 0: expected GGUF", format});
    const TemporaryDirectory other;
    const std::string nameless = other.write("model", contents);
    check_error([&] { return moe::Checkpoint(nameless); }, {format});
  }
}

TEST_CASE("gguf checkpoint: GGUF files beside a Hugging Face checkpoint are other models") {
  const TemporaryDirectory directory;
  GgufBuilder file = gguf_model();
  add_tensor(file, "output_norm.weight", {4});
  for (const char* name : {"x.gguf", "y.gguf"}) directory.write(name, file.file());
  directory.write("model.safetensors", SafetensorsWriter().add("a", "U8", {1}, "x").text());
  directory.write("config.json", "{}");
  CHECK(moe::Checkpoint(directory.path()).find("a"));
  CHECK(moe::detail::gguf_in_directory(directory.path()).empty());
  CHECK(moe::detail::find_gguf(directory.path()).empty());
}

TEST_CASE("gguf checkpoint: a directory whose name ends with .gguf is not a model") {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "a.gguf");
  GgufBuilder file = gguf_model();
  directory.write("b.gguf", add_tensor(file, "output_norm.weight", {4}).file());
  CHECK(moe::Checkpoint(directory.path()).tensors().size() == 1);
}
