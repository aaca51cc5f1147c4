// SPDX-License-Identifier: MIT
#include "run_example.hpp"
#include "detail/io/json.hpp"
#include "support/checkpoints.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_CASE("bench: each speed has its share of the limits of the machine") {
  const Result result = run({"bench", "--shape", "tiny", "-p", "16", "-n", "4", "--rounds", "1", "--context",
                             "70", "--kv", "q8_0", "--scaling", "--providers", "--threads", "2", "--json"});
  CHECK(result.status == 0);
  const moe::JsonDocument parsed(result.out, "bench");
  const moe::Json json = parsed.root();
  CHECK(json.at("prompt_tokens").as_u64(100) == 16);
  CHECK(json.at("model").at("weight_bytes_per_token").as_u64(1'000'000) > 0);
  std::vector<std::string> names;
  for (const moe::Json one : json.at("results")) {
    names.emplace_back(one.at("name").as_string());
    CHECK(one.at("seconds").at("median").as_double() > 0);
    CHECK(one.at("share_of_peak").at("median").as_double() > 0);
  }
  CHECK(names == std::vector<std::string>{"prompt", "prompt, in matrix products", "decode",
                                          "decode behind 64", "decode behind 70",
                                          "decode behind 70, KV in q8_0", "prompt, one thread",
                                          "prompt, one thread, in matrix products", "decode, one thread",
                                          "decode, experts in a cache"});
  for (const moe::Json limits : json.at("limits"))
    CHECK(limits.at("read_bytes_per_second").at("median").as_double() > 0);
}

TEST_CASE(
    "bench: bf16 dot products have a peak of their own, or the machine lacks them and an error says so") {
  const Result result = run({"bench", "--shape", "tiny", "--type", "bf16", "-p", "16", "-n", "4", "--rounds",
                             "1", "--bf16-dot", "--json"});
  if (result.status != 0) {
    CHECK(result.err.find("AVX512_BF16") != std::string::npos);
    return;
  }
  const moe::JsonDocument parsed(result.out, "bench");
  for (const moe::Json one : parsed.root().at("results")) {
    CHECK(one.at("arithmetic").as_string() == "bf16 dot");
    CHECK(one.at("share_of_peak").at("median").as_double() > 0);
  }
}

TEST_CASE("bench: mxfp4 weights are multiplied with f32, or with int8 if an option says so") {
  for (const bool int8 : {false, true}) {
    std::vector<std::string> args{"bench", "--shape", "tiny-gpt-oss", "-p", "16",
                                  "-n",    "4",       "--rounds",     "1",  "--json"};
    if (int8) args.push_back("--int8-mxfp4");
    const Result result = run(args);
    REQUIRE_MESSAGE(result.status == 0, result.err);
    const moe::JsonDocument parsed(result.out, "bench");
    for (const moe::Json one : parsed.root().at("results"))
      CHECK(one.at("arithmetic").as_string() == (int8 ? "int8" : "f32"));
  }
}

TEST_CASE("bench: models of each architecture are measured, also behind a context") {
  for (const std::string architecture :
       {"qwen35moe", "qwen3next", "gemma4", "gpt-oss", "deepseek2", "glm4moe", "nemotron_h_moe", "lfm2moe"}) {
    CAPTURE(architecture);
    const Result result = run({"bench", "--shape", "tiny-" + architecture, "-p", "16", "-n", "4", "--context",
                               "70", "--rounds", "1", "--threads", "2", "--json"});
    REQUIRE_MESSAGE(result.status == 0, result.err);
    const moe::JsonDocument parsed(result.out, "bench");
    for (const moe::Json one : parsed.root().at("results"))
      CHECK(one.at("share_of_peak").at("median").as_double() > 0);
  }
}

TEST_CASE("bench: a prompt of one token, and a chunk of one token, are measured with finite numbers") {
  for (const auto& options : {std::vector<std::string>{"-p", "1"}, {"-p", "4", "--chunk", "1"}}) {
    CAPTURE(options[0]);
    const Result result =
        run(with({"bench", "--shape", "tiny", "-n", "2", "--rounds", "1", "--json"}, options));
    REQUIRE_MESSAGE(result.status == 0, result.err);
    const moe::JsonDocument parsed(result.out, "bench");
    for (const moe::Json one : parsed.root().at("results"))
      CHECK(one.at("share_of_peak").at("median").as_double() > 0);
  }
}

TEST_CASE("bench: decodes the tokens of --ids, and refuses empty or too long inputs") {
  const TemporaryDirectory directory;
  const Result result = run(
      {"bench", bundled_model(), "-p", "16", "--rounds", "1", "--ids", directory.write("ids", "1, 2 3\n")});
  CHECK(result.status == 0);
  CHECK(result.out.find("decode ") != std::string::npos);
  CHECK(result.out.find("time to the first token") != std::string::npos);
  CHECK(run({"bench", bundled_model(), "-p", "0"}).status == 2);
  CHECK(run({"bench", bundled_model(), "-p", "100000"}).status == 2);
  CHECK(run({"bench", bundled_model(), "--ids", directory.write("none", "")}).status == 2);
  CHECK(run({"bench", "--kernels", "--type", "q3"}).status == 2);
}
