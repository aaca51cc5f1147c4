#include "detail/io/checkpoint.hpp"
#include "support/message_of.hpp"
#include "support/safetensors_writer.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

std::string tensor_file(std::string_view name, std::string_view bytes) {
  return SafetensorsWriter().add(name, "U8", {bytes.size()}, bytes).text();
}

std::string text_of(const moe::Checkpoint& checkpoint, std::string_view name) {
  const auto bytes = checkpoint.bytes(checkpoint.at(name));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string index(std::string_view weight_map) { return "{\"weight_map\":" + std::string(weight_map) + "}"; }

}  // namespace

TEST_CASE("checkpoint: a directory or its safetensors file are the same") {
  const TemporaryDirectory directory;
  directory.write("model.safetensors", tensor_file("a", "data"));
  directory.write("config.json", R"({"model_type": "x"})");
  for (const std::string& path : {directory.path(), directory / "model.safetensors"}) {
    const moe::Checkpoint checkpoint(path);
    CHECK(text_of(checkpoint, "a") == "data");
    CHECK(checkpoint.config().at("model_type").as_string() == "x");
    CHECK(checkpoint.directory() == directory.path());
    CHECK_FALSE(checkpoint.generation_config());
  }
}

TEST_CASE("checkpoint: shards are one list of tensors") {
  const TemporaryDirectory directory;
  directory.write("1.safetensors", tensor_file("a", "one"));
  directory.write("2.safetensors", tensor_file("b", "two"));
  directory.write("model.safetensors.index.json", index(R"({"b": "2.safetensors", "a": "1.safetensors"})"));
  const moe::Checkpoint checkpoint(directory.path());
  REQUIRE(checkpoint.tensors().size() == 2);
  CHECK(checkpoint.tensors()[0].name == "a");
  CHECK(text_of(checkpoint, "a") == "one");
  CHECK(text_of(checkpoint, "b") == "two");
}

TEST_CASE("checkpoint: of a shard only what the index lists is taken") {
  const TemporaryDirectory directory;
  directory.write("1.safetensors",
                  SafetensorsWriter().add("a", "U8", {1}, "x").add("b", "U8", {1}, "y").text());
  directory.write("model.safetensors.index.json", index(R"({"a": "1.safetensors"})"));
  const moe::Checkpoint checkpoint(directory.path());
  CHECK(checkpoint.find("a"));
  CHECK_FALSE(checkpoint.find("b"));
}

TEST_CASE("checkpoint: an index that names what is not there is refused") {
  const TemporaryDirectory directory;
  directory.write("1.safetensors", tensor_file("a", "one"));
  const auto refusal = [&](std::string_view weight_map) {
    directory.write("model.safetensors.index.json", index(weight_map));
    return message_of([&] { return moe::Checkpoint(directory.path()); });
  };
  CHECK(refusal(R"({"b": "1.safetensors"})").find("$.weight_map.b: expected a tensor of that file") !=
        std::string::npos);
  CHECK(refusal(R"({"a": "9.safetensors"})").find("$.weight_map.a: expected an existing file") !=
        std::string::npos);
  CHECK(refusal(R"({"a": 1})").find("$.weight_map.a: expected a string") != std::string::npos);
  CHECK(refusal(R"([])").find("$.weight_map: expected an object") != std::string::npos);
}

TEST_CASE("checkpoint: the name of a shard cannot lead out of the directory") {
  const TemporaryDirectory directory;
  for (const std::string name :
       {"../1.safetensors", "/etc/passwd", "a/b", "a\\\\b", "..", "1.safetensors\\u0000x", ""}) {
    CAPTURE(name);
    directory.write("model.safetensors.index.json", index("{\"a\": \"" + std::string(name) + "\"}"));
    check_error([&] { return moe::Checkpoint(directory.path()); },
                {"$.weight_map.a", "the name of a file in the same directory"});
  }
}

TEST_CASE("checkpoint: what is no checkpoint is refused by what it is") {
  const TemporaryDirectory directory;
  check_error([&] { return moe::Checkpoint(directory.path()); }, {"model.safetensors"});
  check_error([&] { return moe::Checkpoint(directory / "nothing"); }, {"no such file or directory"});
  check_error([&] { return moe::Checkpoint(directory.write("x.gguf", "GGUF....")); }, {"x.gguf", "version"});
  check_error([&] { return moe::Checkpoint(directory.write("x.bin", "ab")); }, {"at least 8 bytes"});
}

TEST_CASE("checkpoint: a missing or wrong tensor is an error that names it") {
  const TemporaryDirectory directory;
  directory.write(
      "model.safetensors",
      SafetensorsWriter().add("a", "F32", {2, 1}, "01234567").add("b", "I64", {1}, "01234567").text());
  const moe::Checkpoint checkpoint(directory.path());
  CHECK(checkpoint.matrix("a", 2, 1).rows == 2);
  check_error([&] { return checkpoint.at("c"); }, {"tensor \"c\"", "nothing"});
  check_error([&] { return checkpoint.matrix("a", 1, 2); },
              {"model.safetensors", "tensor \"a\"", "[1, 2]", "[2, 1]"});
  check_error([&] { return checkpoint.vector("a", 2); }, {"[2]", "[2, 1]"});
  check_error([&] { return checkpoint.vector("b", 1); },
              {"tensor \"b\"", "f32, f16, bf16, q8_0 to q2_k, iq4_nl, iq4_xs or mxfp4", "I64"});
  check_error([&] { return checkpoint.config(); }, {"config.json"});
}

TEST_CASE("checkpoint: of a multimodal model the text model is seen") {
  const TemporaryDirectory directory;
  directory.write("model.safetensors", tensor_file("thinker.x", "data"));
  directory.write(
      "config.json",
      R"({"model_type": "qwen3_omni_moe", "thinker_config": {"text_config": {"hidden_size": 7}}})");
  const moe::Checkpoint checkpoint(directory.path());
  CHECK(checkpoint.tensor_prefix() == "thinker.");
  CHECK(checkpoint.config().at("hidden_size").as_u64() == 7);
  CHECK(checkpoint.is_thinker());
}
