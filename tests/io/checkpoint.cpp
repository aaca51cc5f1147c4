// SPDX-License-Identifier: MIT
#include "detail/io/checkpoint.hpp"
#include "support/message_of.hpp"
#include "support/no_such_file.hpp"
#include "support/safetensors_writer.hpp"
#include "support/temporary_directory.hpp"
#include "support/watchdog.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#if !defined(_WIN32)
#include <sys/stat.h>
#endif

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

TEST_CASE("checkpoint: a directory and its safetensors file open the same checkpoint") {
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

TEST_CASE("checkpoint: a std::filesystem::path opens a checkpoint, in a directory of any name") {
  const TemporaryDirectory directory;
  const std::filesystem::path path =
      std::filesystem::path(directory.path()) / u8"\u043c\u043e\u0434\u0435\u043b\u044c";
  std::filesystem::create_directory(path);
  std::ofstream(path / "config.json") << "{}";
  std::ofstream(path / "model.safetensors", std::ios::binary) << tensor_file("a", "data");
  const moe::Checkpoint checkpoint(path);
  CHECK(text_of(checkpoint, "a") == "data");
  CHECK(checkpoint.path().ends_with("\xd0\xbc\xd0\xbe\xd0\xb4\xd0\xb5\xd0\xbb\xd1\x8c"));
}

TEST_CASE("checkpoint: the tensors of all shards are one list") {
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

TEST_CASE("checkpoint: tensors of a shard that the index does not list are ignored") {
  const TemporaryDirectory directory;
  directory.write("1.safetensors",
                  SafetensorsWriter().add("a", "U8", {1}, "x").add("b", "U8", {1}, "y").text());
  directory.write("model.safetensors.index.json", index(R"({"a": "1.safetensors"})"));
  const moe::Checkpoint checkpoint(directory.path());
  CHECK(checkpoint.find("a"));
  CHECK_FALSE(checkpoint.find("b"));
}

TEST_CASE("checkpoint: an index that lists missing tensors or files is refused") {
  const TemporaryDirectory directory;
  directory.write("1.safetensors", tensor_file("a", "one"));
  const auto refusal = [&](std::string_view weight_map) {
    directory.write("model.safetensors.index.json", index(weight_map));
    return message_of([&] { return moe::Checkpoint(directory.path()); });
  };
  CHECK(refusal(R"({"b": "1.safetensors"})")
            .find("$.weight_map.b: expected a file with this tensor, found \"1.safetensors\" without it") !=
        std::string::npos);
  CHECK(refusal(R"({"a": "9.safetensors"})").find("$.weight_map.a: expected an existing file") !=
        std::string::npos);
  CHECK(refusal(R"({"a": 1})").find("$.weight_map.a: expected a string") != std::string::npos);
  CHECK(refusal(R"([])").find("$.weight_map: expected an object") != std::string::npos);
}

TEST_CASE("checkpoint: a name of a shard that leads out of the directory is refused") {
  const TemporaryDirectory directory;
  for (const std::string name :
       {"../1.safetensors", "/etc/passwd", "a/b", ".", "..", "1.safetensors\\u0000x", ""}) {
    CAPTURE(name);
    directory.write("model.safetensors.index.json", index("{\"a\": \"" + std::string(name) + "\"}"));
    check_error([&] { return moe::Checkpoint(directory.path()); },
                {"$.weight_map.a", "the name of a file in the same directory"});
  }
}

TEST_CASE("checkpoint: a path that is not a checkpoint is refused by its contents") {
  const TemporaryDirectory directory;
  check_error([&] { return moe::Checkpoint(directory.path()); }, {"model.safetensors"});
  check_error([&] { return moe::Checkpoint(directory / "nothing"); }, {"nothing: opening", no_such_file()});
  check_error([&] { return moe::Checkpoint(directory.write("x.gguf", "GGUF....")); }, {"x.gguf", "version"});
  check_error([&] { return moe::Checkpoint(directory.write("x.bin", "ab")); }, {"at least 8 bytes"});
}

TEST_CASE(
    "checkpoint: a missing tensor, or one of the wrong shape or type, is an error that names the tensor") {
  const TemporaryDirectory directory;
  directory.write(
      "model.safetensors",
      SafetensorsWriter().add("a", "F32", {2, 1}, "01234567").add("b", "I64", {1}, "01234567").text());
  const moe::Checkpoint checkpoint(directory.path());
  CHECK(checkpoint.matrix("a", 2, 1).rows == 2);
  check_error([&] { return checkpoint.at("c"); }, {"tensor \"c\"", "nothing"});
  check_error([&] { return checkpoint.matrix("a", 2, 2); },
              {"model.safetensors", "tensor \"a\"", "[2, 2]", "[2, 1]"});
  CHECK(checkpoint.vector("a", 2).size == 2);
  check_error([&] { return checkpoint.vector("a", 3); }, {"[3]", "[2, 1]"});
  check_error([&] { return checkpoint.vector("b", 1); },
              {"tensor \"b\"", "f32, f16, bf16, q8_0 to q2_k, iq4_nl, iq4_xs or mxfp4", "I64"});
  check_error([&] { return checkpoint.config(); }, {"config.json"});
}

TEST_CASE("checkpoint: config is the whole of config.json") {
  const TemporaryDirectory directory;
  directory.write("model.safetensors", tensor_file("thinker.x", "data"));
  directory.write("config.json", R"({"model_type": "x", "text_config": {"hidden_size": 7}})");
  const moe::Checkpoint checkpoint(directory.path());
  CHECK(checkpoint.has_config());
  CHECK(checkpoint.config().at("model_type").as_string() == "x");
  CHECK(checkpoint.find("thinker.x"));
}

TEST_CASE("checkpoint: model.safetensors takes precedence over an index, as in transformers") {
  const TemporaryDirectory directory;
  directory.write("model.safetensors", tensor_file("a", "new"));
  directory.write("1.safetensors", tensor_file("a", "old"));
  directory.write("model.safetensors.index.json", index(R"({"a": "1.safetensors"})"));
  directory.write("config.json", "{}");
  for (const std::string& path : {directory.path(), directory / "model.safetensors"})
    CHECK(text_of(moe::Checkpoint(path), "a") == "new");
}

TEST_CASE("checkpoint: the path of a shard opens all shards") {
  const TemporaryDirectory directory;
  const std::string first = "model-00001-of-00002.safetensors", second = "model-00002-of-00002.safetensors";
  directory.write(first, tensor_file("a", "one"));
  directory.write(second, tensor_file("b", "two"));
  check_error([&] { return moe::Checkpoint(directory / first); },
              {first, "model.safetensors.index.json", "one shard of several"});
  check_error([&] { return moe::Checkpoint(directory.path()); }, {"none of them, but \"" + first});
  directory.write("model.safetensors.index.json",
                  index("{\"a\": \"" + first + "\", \"b\": \"" + second + "\"}"));
  for (const std::string& name : {first, second}) {
    const moe::Checkpoint checkpoint(directory / name);
    CHECK(text_of(checkpoint, "a") == "one");
    CHECK(text_of(checkpoint, "b") == "two");
  }
  const std::string third = directory.write("model-00003-of-00003.safetensors", tensor_file("c", "three"));
  check_error([&] { return moe::Checkpoint(third); }, {"an index that does not list this file"});
  const std::string single = directory.write("model-00001-of-00001.safetensors", tensor_file("d", "four"));
  CHECK(text_of(moe::Checkpoint(single), "d") == "four");
  CHECK(text_of(moe::Checkpoint(directory.write("other.safetensors", tensor_file("e", "five"))), "e") ==
        "five");
}

#if !defined(_WIN32)
TEST_CASE("checkpoint: a Hugging Face cache, whose files are symbolic links, opens by any of its paths") {
  const TemporaryDirectory cache;
  std::filesystem::create_directories(cache / "blobs");
  std::filesystem::create_directories(cache / "snapshots/0123abc");
  const auto add = [&](const std::string& name, const std::string& blob, const std::string& contents) {
    cache.write("blobs/" + blob, contents);
    std::filesystem::create_symlink("../../blobs/" + blob, cache / ("snapshots/0123abc/" + name));
  };
  add("model-00001-of-00002.safetensors", "aa", tensor_file("a", "one"));
  add("model-00002-of-00002.safetensors", "bb", tensor_file("b", "two"));
  add("model.safetensors.index.json", "cc",
      index(R"({"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"})"));
  add("config.json", "dd", R"({"model_type": "x"})");
  const std::string snapshot = cache / "snapshots/0123abc";
  for (const std::string& path : {snapshot, snapshot + "/model-00002-of-00002.safetensors"}) {
    const moe::Checkpoint checkpoint(path);
    CHECK(text_of(checkpoint, "a") == "one");
    CHECK(checkpoint.config().at("model_type").as_string() == "x");
  }
  check_error([&] { return moe::Checkpoint(cache.path()); },
              {"the checkpoints of this cache are in", "snapshots"});
  std::filesystem::remove(cache / "blobs/bb");
  check_error([&] { return moe::Checkpoint(snapshot); },
              {"model-00002-of-00002.safetensors", "a symbolic link to a file that does not exist"});
  std::filesystem::remove(cache / "blobs/dd");
  check_error([&] { return moe::Checkpoint(snapshot + "/model-00001-of-00002.safetensors"); },
              {"a symbolic link to a file that does not exist"});
}

TEST_CASE("checkpoint: on POSIX a backslash is a letter of a name") {
  const TemporaryDirectory directory;
  directory.write("config.json", R"({"model_type": "x"})");
  directory.write("a\\model.safetensors", tensor_file("a", "data"));
  CHECK(moe::Checkpoint(directory / "a\\model.safetensors").config().at("model_type").as_string() == "x");
  directory.write("model.safetensors.index.json", index(R"({"a": "a\\model.safetensors"})"));
  CHECK(text_of(moe::Checkpoint(directory.path()), "a") == "data");
}

TEST_CASE("checkpoint: a FIFO or device in place of any file is refused without waiting") {
  const Watchdog watchdog(std::chrono::seconds(20));
  for (const char* name : {"model.safetensors", "config.json", "generation_config.json"}) {
    CAPTURE(name);
    const TemporaryDirectory directory;
    directory.write("model.safetensors", tensor_file("a", "data"));
    std::filesystem::remove(directory / name);
    REQUIRE(::mkfifo((directory / name).c_str(), 0600) == 0);
    check_error([&] { return moe::Checkpoint(directory.path()); }, {name, "a file", "a FIFO"});
  }
  const TemporaryDirectory directory;
  for (const char* name : {"x.gguf", "model.safetensors.index.json"}) {
    REQUIRE(::mkfifo((directory / name).c_str(), 0600) == 0);
    check_error([&] { return moe::Checkpoint(directory.path()); }, {name, "a FIFO"});
  }
  check_error([&] { return moe::Checkpoint(directory / "x.gguf"); }, {"a FIFO"});
  check_error([&] { return moe::Checkpoint("/dev/zero"); }, {"a device"});
  std::filesystem::create_directory(directory / "config.json");
  directory.write("model.safetensors", tensor_file("a", "data"));
  check_error([&] { return moe::Checkpoint(directory.path()); }, {"config.json", "a directory"});
}
#endif

TEST_CASE("checkpoint: a missing tensor with another prefix is an error that names the prefix") {
  for (const std::string prefix : {"language_model.model.", "model.language_model.", "thinker.model."}) {
    const TemporaryDirectory directory;
    directory.write("model.safetensors", tensor_file(prefix + "embed_tokens.weight", "data"));
    check_error(
        [&] { return moe::Checkpoint(directory.path()).at("model.embed_tokens.weight"); },
        {"tensor \"model.embed_tokens.weight\"", '"' + prefix + "embed_tokens.weight\"", "another prefix"});
  }
  const TemporaryDirectory directory;
  directory.write("model.safetensors", tensor_file("model.norm.weight", "data"));
  check_error([&] { return moe::Checkpoint(directory.path()).at("thinker.model.norm.weight"); },
              {"\"model.norm.weight\"", "another prefix"});
}

TEST_CASE("checkpoint: a Git LFS pointer in place of any file is named") {
  const std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n";
  for (const char* name : {"model.safetensors", "config.json", "model.safetensors.index.json"}) {
    CAPTURE(name);
    const TemporaryDirectory directory;
    if (name != std::string("model.safetensors.index.json"))
      directory.write("model.safetensors", tensor_file("a", "data"));
    directory.write(name, pointer);
    check_error([&] { return moe::Checkpoint(directory.path()); }, {name, "a Git LFS pointer"});
  }
}
