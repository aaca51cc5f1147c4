// SPDX-License-Identifier: MIT
#include "detail/io/checkpoint.hpp"
#include "detail/io/gguf_metadata.hpp"
#include "detail/io/tensor_info.hpp"
#include "support/checkpoints.hpp"
#include "support/gguf_builder.hpp"
#include "support/gguf_model.hpp"
#include "support/message_of.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

moe::Checkpoint open_gguf_file(const GgufBuilder& file) {
  static const TemporaryDirectory directory;
  return moe::Checkpoint(directory.write("x.gguf", file.file()));
}

}  // namespace

TEST_CASE("gguf checkpoint: tensors have the names in the file") {
  const moe::Checkpoint gguf(golden("plain-f32.gguf")), hugging_face(golden("plain-f32"));
  CHECK(gguf.naming() == moe::Naming::gguf);
  CHECK(hugging_face.naming() == moe::Naming::hugging_face);
  for (const auto& [name, same] : std::initializer_list<std::pair<const char*, const char*>>{
           {"token_embd.weight", "model.embed_tokens.weight"},
           {"blk.2.attn_q.weight", "model.layers.2.self_attn.q_proj.weight"},
           {"blk.0.ffn_gate_inp.weight", "model.layers.0.mlp.gate.weight"}}) {
    const moe::TensorInfo &a = gguf.at(name), &b = hugging_face.at(same);
    CHECK(a.shape == b.shape);
    const auto x = gguf.bytes(a), y = hugging_face.bytes(b);
    CHECK(std::equal(x.begin(), x.end(), y.begin(), y.end()));
  }
}

TEST_CASE("gguf checkpoint: the description is metadata, and there is no config.json") {
  GgufBuilder file = gguf_model();
  const moe::Checkpoint checkpoint = open_gguf_file(add_tensor(file, "blk.0.attn_norm.weight", {4}));
  CHECK(checkpoint.metadata().whole("qwen3moe.block_count") == 2);
  CHECK(checkpoint.metadata().text("general.architecture") == "qwen3moe");
  CHECK_FALSE(checkpoint.has_config());
  check_error([&] { return checkpoint.config(); }, {"config.json", "none"});
  CHECK(moe::Checkpoint(golden("plain-f32")).metadata().values().empty());
}

TEST_CASE("gguf checkpoint: a file with the config.json of its source has the names of its source") {
  GgufBuilder file = gguf_model();
  file.value("moe.config", R"({"model_type": "x"})");
  {  // Windows does not let a program write to a file that is mapped
    const moe::Checkpoint checkpoint = open_gguf_file(add_tensor(file, "model.norm.weight", {4}));
    CHECK(checkpoint.naming() == moe::Naming::hugging_face);
    CHECK(checkpoint.config().at("model_type").as_string() == "x");
  }
  GgufBuilder wrong = gguf_model();
  wrong.value("moe.config", "{");
  check_error([&] { return open_gguf_file(add_tensor(wrong, "a", {4})); }, {"x.gguf, moe.config: byte 1"});
}

TEST_CASE("gguf checkpoint: dimensions of 1 do not count") {
  GgufBuilder file = gguf_model();
  for (const auto& [name, sizes] : std::initializer_list<std::pair<const char*, std::vector<std::uint64_t>>>{
           {"norm", {4, 1}}, {"router", {4}}, {"convolution", {3, 1, 4}}, {"matrix", {4, 2, 1, 1}}})
    add_tensor(file, name, sizes);
  const moe::Checkpoint checkpoint = open_gguf_file(file);
  CHECK(checkpoint.at("norm").shape == std::vector<std::uint64_t>{1, 4});
  CHECK(checkpoint.vector("norm", 4).size == 4);
  CHECK(checkpoint.matrix("router", 1, 4).cols == 4);
  CHECK(checkpoint.matrix("convolution", 4, 3).rows == 4);
  CHECK(checkpoint.matrix("matrix", 2, 4).rows == 2);
  check_error([&] { return checkpoint.matrix("matrix", 4, 2); }, {"\"matrix\"", "[4, 2]", "[1, 1, 2, 4]"});
  check_error([&] { return checkpoint.vector("norm", 5); }, {"[5]", "[1, 4]"});
}

TEST_CASE("gguf checkpoint: a row of blocks is not a column") {
  GgufBuilder file = gguf_model();
  file.tensor("row", {64}, 8, std::string(2 * 34, 'x'));
  const moe::Checkpoint checkpoint = open_gguf_file(file);
  CHECK(checkpoint.matrix("row", 1, 64).bytes() == 68);
  check_error([&] { return checkpoint.matrix("row", 64, 1); }, {"\"row\"", "[64, 1]", "[64]"});
}

TEST_CASE("gguf checkpoint: two tensors of the same name in two parts are refused") {
  const TemporaryDirectory directory;
  GgufBuilder dense = gguf_model(), experts;
  directory.write("dense.gguf", add_tensor(dense, "output_norm.weight", {4}).file());
  directory.write("experts.gguf", add_tensor(experts, "output_norm.weight", {4}).file());
  check_error([&] { return moe::Checkpoint(directory.path()); }, {"tensor \"output_norm.weight\"", "two"});
}

TEST_CASE("gguf metadata: a number of any type may be negative") {
  GgufBuilder file = gguf_model();
  file.value("byte", 1, "\xfe").value("int", 5, GgufBuilder::bytes_of(-1)).value("text", "1");
  file.value("long", 11, GgufBuilder::bytes_of(std::int64_t{-5000000000})).value("float", -0.5f);
  const moe::Checkpoint checkpoint = open_gguf_file(add_tensor(file, "a", {1}));
  const moe::detail::GgufMetadata& metadata = checkpoint.metadata();
  CHECK(metadata.any_number("byte") == -2);
  CHECK(metadata.any_number("int") == -1);
  CHECK(metadata.any_number("long") == -5e9);
  CHECK(metadata.any_number("float") == -0.5);
  CHECK(metadata.any_number("qwen3moe.block_count") == 2);
  CHECK_FALSE(metadata.any_number("none"));
  check_error([&] { return metadata.whole("long"); }, {"key \"long\"", "not negative", "found -5000000000"});
  check_error([&] { return metadata.any_number("text"); },
              {"key \"text\": expected a number, found a value of type string"});
}

TEST_CASE("gguf metadata: a list has elements of any integer type, or booleans") {
  GgufBuilder file = gguf_model();
  file.array("signed", 5, std::vector<std::int32_t>{0, 7})
      .array("short", 2, std::vector<std::uint16_t>{1, 2, 3})
      .array("negative", 5, std::vector<std::int32_t>{1, -1})
      .array("empty", 4, std::vector<std::uint32_t>{})
      .array("words", std::vector<std::string>{"a"})
      .array("flags", 7, std::vector<std::uint8_t>{1, 0});
  const moe::Checkpoint checkpoint = open_gguf_file(add_tensor(file, "a", {1}));
  const moe::detail::GgufMetadata& metadata = checkpoint.metadata();
  CHECK(metadata.wholes("signed") == std::vector<std::uint64_t>{0, 7});
  CHECK(metadata.wholes("short") == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(metadata.wholes("empty").empty());
  CHECK(metadata.wholes("none").empty());
  CHECK(metadata.flags("flags") == std::vector<bool>{true, false});
  CHECK(metadata.flags("none").empty());
  CHECK(metadata.is_array("flags"));
  CHECK_FALSE(metadata.is_array("qwen3moe.block_count"));
  check_error([&] { return metadata.wholes("negative"); },
              {"key \"negative\"", "not negative", "found -1 in element 1"});
  check_error([&] { return metadata.wholes("words"); }, {"key \"words\"", "an array of whole numbers"});
  check_error([&] { return metadata.wholes("flags"); }, {"key \"flags\"", "an array of whole numbers"});
  check_error([&] { return metadata.flags("signed"); }, {"key \"signed\"", "an array of booleans"});
}
