// SPDX-License-Identifier: MIT
#include "run_example.hpp"
#include "detail/experts/usage_profile.hpp"
#include "detail/extract/extraction.hpp"
#include "detail/io/checkpoint.hpp"
#include "support/checkpoints.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <stdexcept>
#include <string>
#include <vector>

TEST_CASE("extract: the extracted model generates the same text, whole or in part") {
  const TemporaryDirectory directory;
  const std::string out = directory / "babel";
  const Result extracted = run({"extract", bundled_model(), out});
  CHECK(extracted.status == 0);
  CHECK(extracted.out.find(out + ": 21.0 MB, 768 experts\n") == 0);
  CHECK(run({"extract", "--verify", out}).out.find("all 2360 tensors") != std::string::npos);
  const auto generated = [](const std::string& model, const std::vector<std::string>& options) {
    std::vector<std::string> words{"generate", model, "<|endoftext|>And God said", "--max-tokens", "12"};
    words.insert(words.end(), options.begin(), options.end());
    return run(words);
  };
  CHECK(generated(out, {"--budget", "1MiB", "--verify"}).out == generated(bundled_model(), {}).out);

  moe::UsageProfile profile(6, 128);
  for (std::uint32_t layer = 0; layer < 6; ++layer)
    for (std::uint32_t expert = 0; expert < 20; ++expert) profile.add({layer, expert}, 20 - expert, 0);
  profile.write(directory / "use.json");
  const std::string part = directory / "part";
  const Result covering = run({"extract", bundled_model(), part, "--usage", directory / "use.json",
                               "--coverage", "0.95", "--type", "q8_0"});
  CHECK(covering.out.find("left out: 672 experts, which saves 8.8 MB") != std::string::npos);
  const Result refused = generated(part, {});
  CHECK(refused.status == 1);
  CHECK(refused.err.find("672 of 768 missing: 112 of 128 in layer 0 to 5") != std::string::npos);
  CHECK(generated(part, {"--allow-partial"}).status == 0);
}

TEST_CASE("extract: wrong options, missing sources and files without checksums are refused") {
  const TemporaryDirectory directory;
  const std::string out = directory / "out";
  const std::vector<std::vector<std::string>> wrong{
      {"--type", "q3_k"},  {"--layers", "5-4"}, {"--layers", "a"},  {"--top", "3"},   {"--usage", "x.json"},
      {"--experts", "1-"}, {"--usage", ""},     {"--type", "Q8_0"}, {"--layers", ""}, {"--experts", ""}};
  for (const std::vector<std::string>& options : wrong) {
    CAPTURE(options[0]);
    std::vector<std::string> words{"extract", bundled_model(), out};
    words.insert(words.end(), options.begin(), options.end());
    CHECK(run(words).status == 2);
  }
  CHECK(run({"extract", bundled_model(), out, "--layers", "0-6"}).status == 1);
  CHECK(run({"extract", directory / "nothing", out}).status == 1);
  CHECK(run({"extract", "--verify", bundled_model()}).status == 1);
  CHECK_FALSE(std::filesystem::exists(out));
}

TEST_CASE("extract: an output that is something else leads to another directory") {
  const TemporaryDirectory directory;
  const std::string out = directory / "out";
  REQUIRE(run({"extract", bundled_model(), out, "--type", "q8_0"}).status == 0);
  const Result other = run({"extract", bundled_model(), out, "--type", "q4_0"});
  CHECK(other.status == 1);
  CHECK(other.says("found a directory with something else\n"));
  CHECK(other.says("/extract " + bundled_model() + ' ' + out + "-2 --type q4_0\n"));
}

TEST_CASE("extract: a damaged extraction leads to its removal, and a path without one to the usage") {
  const TemporaryDirectory directory;
  const std::string out = directory / "out";
  REQUIRE(run({"extract", bundled_model(), out}).status == 0);
  std::fstream file(directory / "out/experts.gguf", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-1, std::ios::end).put('x');
  file.close();
  const Result damaged = run({"extract", "--verify", out});
  CHECK(damaged.status == 1);
  CHECK(damaged.says("\n    rm -r " + out + "\n"));
  const Result none = run({"extract", "--verify", bundled_model()});
  CHECK(none.says("/extract SOURCE OUT\n"));
  const Result missing = run({"extract", "--verify", "/nowhere/at/all"});
  CHECK(missing.says("/extract SOURCE OUT\n"));
  CHECK_FALSE(missing.says("rm -r"));
}

TEST_CASE(
    "extract: --verify does not suggest to remove a model without checksums, or a file of another kind") {
  const TemporaryDirectory directory;
  REQUIRE(run({"synthesize", directory / "model", "--shape", "tiny"}).status == 0);
  for (const std::string& path :
       {directory / "model", directory / "model/dense.gguf", directory.write("x.txt", "x")}) {
    const Result result = run({"extract", "--verify", path});
    CHECK(result.status == 1);
    CHECK(result.says("/extract SOURCE OUT\n"));
    CHECK_FALSE(result.says("rm -r"));
  }
}

TEST_CASE("extract: an interrupted extraction resumes, and says how much is there") {
  const TemporaryDirectory directory;
  const moe::Checkpoint source(bundled_model());
  const moe::ExtractOptions options{.checkpoint_bytes = std::size_t{1} << 20};
  std::uint64_t done = 0;
  const auto interrupt = [&](std::uint64_t bytes) {
    done += bytes;
    if (done > 8'000'000) throw std::runtime_error("interrupted");
  };
  CHECK_THROWS(moe::Extraction(source, directory / "out", options).run(interrupt));
  const Result result = run({"extract", bundled_model(), directory / "out"});
  CHECK(result.status == 0);
  CHECK(result.err.find("resuming: ") == 0);
  CHECK(run({"extract", "--verify", directory / "out"}).status == 0);
}
