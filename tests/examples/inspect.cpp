// SPDX-License-Identifier: MIT
#include "run_example.hpp"
#include "support/checkpoints.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

TEST_CASE("inspect: the shape, the tensors and the experts that fit into memory are printed") {
  const Result result = run({"inspect", bundled_model(), "--tensors"});
  CHECK(result.status == 0);
  for (const char* part :
       {"qwen3_moe", "4 query heads and 2 key-value heads of width 32",
        "128 experts of width 32, 8 per token", "24.00 KiB", "192 of 768 (25 %)",
        "tokenizer              4096 ids", "model.layers.5.mlp.experts.127.up_proj.weight: [32, 128] BF16"})
    CHECK(result.out.find(part) != std::string::npos);
}

TEST_CASE("inspect: a dense model has no table of experts") {
  const Result result = run({"inspect", golden("dense-qwen3")});
  CHECK(result.status == 0);
  CHECK(result.out.find("experts") == std::string::npos);
  CHECK(result.out.find("tokenizer              none\n") != std::string::npos);
}

TEST_CASE("inspect: a tokenizer that is not supported is a line with the reason, and no failure") {
  const TemporaryDirectory directory;
  for (const char* name : {"config.json", "model.safetensors"})
    std::filesystem::copy_file(golden("dense-qwen3") + '/' + name, directory / name);
  directory.write("tokenizer.json", R"({"model": {"type": "WordPiece"}})");
  const Result result = run({"inspect", directory.path()});
  CHECK(result.status == 0);
  CHECK(result.err.empty());
  const std::string line = "tokenizer              not supported: " + (directory / "tokenizer.json");
  CHECK(result.out.find(line) != std::string::npos);
}
