// SPDX-License-Identifier: MIT
#include "run_example.hpp"
#include "detail/core/token.hpp"
#include "detail/generate/model.hpp"
#include "detail/io/file.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

const std::vector<std::string> architectures{"tiny-qwen35moe", "tiny-qwen3next",     "tiny-gemma4",
                                             "tiny-gpt-oss",   "tiny-deepseek2",     "tiny-glm4moe",
                                             "tiny-lfm2moe",   "tiny-nemotron_h_moe"};

/// More tokens than a window of these models has positions.
const std::string several_ids = "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20";

/// Requires that the output has 512 lines, each with a finite logit.
void require_finite(const Result& logits) {
  REQUIRE_MESSAGE(logits.status == 0, logits.err);
  const std::vector<std::string> lines = lines_of(logits.out);
  REQUIRE(lines.size() == 512);
  float least = 0, most = 0;
  for (const std::string& line : lines) {
    const float logit = std::stof(line.substr(line.rfind(' ') + 1));
    REQUIRE(std::isfinite(logit));
    least = std::min(least, logit);
    most = std::max(most, logit);
  }
  CHECK(most - least > 0.1f);
  CHECK(most - least < 100);
}

}  // namespace

TEST_CASE("synthesize: the model has the wanted shape and types") {
  for (const std::string type :
       {"q5_0", "q5_1", "q4_0", "q4_1", "q8_0", "iq4_nl", "mxfp4", "f16", "bf16", "f32"}) {
    CAPTURE(type);
    const TemporaryDirectory directory;
    CHECK(run({"synthesize", directory.path(), "--shape", "tiny", "--type", type}).status == 0);
    const Result shown = run({"inspect", directory.path(), "--tensors"});
    CHECK(shown.status == 0);
    CHECK(shown.out.find("16 experts of width 32, 4 per token") != std::string::npos);
    std::string upper = type;
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    CHECK(shown.out.find("blk.1.ffn_down.15.weight: [64, 32] " + upper) != std::string::npos);
    CHECK(lines_of(run({"logits", directory.path(), "--ids", "1,2,3"}).out).size() == 512);
  }
}

TEST_CASE("synthesize: if rows are no multiple of 256, tensors get the fallback types of llama-quantize") {
  using Types = std::pair<std::string, std::string>;
  for (const Types& types : {Types{"q6_k", "Q8_0"}, Types{"q5_k", "Q5_1"}, Types{"q4_k", "Q5_0"},
                             Types{"q3_k", "IQ4_NL"}, Types{"q2_k", "IQ4_NL"}, Types{"iq4_xs", "IQ4_NL"}}) {
    const std::string type = types.first, stored = types.second;
    CAPTURE(type);
    const TemporaryDirectory directory;
    CHECK(run({"synthesize", directory.path(), "--shape", "tiny", "--type", type}).status == 0);
    const Result shown = run({"inspect", directory.path(), "--tensors"});
    CHECK(shown.out.find("blk.1.ffn_down.15.weight: [64, 32] " + stored) != std::string::npos);
  }
}

TEST_CASE("synthesize: a model of each architecture opens and computes finite logits") {
  for (const std::string& shape : architectures) {
    CAPTURE(shape);
    const TemporaryDirectory directory;
    REQUIRE(run({"synthesize", directory.path(), "--shape", shape}).status == 0);
    require_finite(run({"logits", directory.path(), "--ids", several_ids}));
  }
}

TEST_CASE("synthesize: with --file, the file has one tensor for all experts of a layer, and a tokenizer") {
  for (const std::string& shape : architectures) {
    CAPTURE(shape);
    const TemporaryDirectory directory;
    REQUIRE(run({"synthesize", directory.path(), "--shape", shape, "--file"}).status == 0);
    const std::string model = directory / "model.gguf";
    require_finite(run({"logits", model, "--ids", several_ids}));
    CHECK(run({"inspect", model, "--tensors"}).out.find("ffn_down_exps.weight: [16, 64, ") !=
          std::string::npos);
    CHECK(run({"generate", model, "a few words", "--max-tokens", "2"}).status == 0);
  }
}

TEST_CASE(
    "synthesize: weights in memory lie in panels and give the logits of mapped ones, in each architecture") {
  for (const std::string& shape : architectures) {
    CAPTURE(shape);
    const TemporaryDirectory directory;
    REQUIRE(run({"synthesize", directory.path(), "--shape", shape, "--type", "q8_0"}).status == 0);
    const Result mapped = run({"logits", directory.path(), "--ids", several_ids});
    require_finite(mapped);
    CHECK(run({"logits", directory.path(), "--ids", several_ids, "--in-memory"}).out == mapped.out);
  }
}

TEST_CASE("synthesize: without --type, gpt-oss has experts of its usual type MXFP4") {
  const TemporaryDirectory directory;
  CHECK(run({"synthesize", directory.path(), "--shape", "tiny-gpt-oss"}).status == 0);
  CHECK(run({"inspect", directory.path(), "--tensors"}).out.find("[64, 64] MXFP4") != std::string::npos);
}

TEST_CASE("synthesize: the list has the sizes of all released shapes") {
  const Result result = run({"synthesize", "--list"});
  CHECK(result.status == 0);
  for (const char* name : {"qwen3-30b-a3b", "qwen3-235b-a22b", "qwen3-omni-thinker", "qwen3.6-35b-a3b",
                           "qwen3-coder-next", "gemma-4-26b-a4b", "gpt-oss-20b", "gpt-oss-120b",
                           "glm-4.7-flash", "glm-4.5-air", "nemotron-3-nano", "lfm2-8b-a1b"})
    CHECK(result.out.find(name) != std::string::npos);
  CHECK(result.out.find("18.0 GB") != std::string::npos);  // of qwen3-30b-a3b
}

namespace {

void check_planted_routes(const std::string& shape, int layers) {
  CAPTURE(shape);
  const TemporaryDirectory directory;
  std::string trace = "# n_layer=" + std::to_string(layers) +
                      " n_expert=16 n_expert_used=3\nturn,phase,step,layer,slot,expert\n";
  std::vector<std::string> expected;  // by layer, then token
  for (int layer = 0; layer < layers; ++layer)
    for (int step = 0; step < 60; ++step) {
      std::string experts;
      for (int slot = 0; slot < 3; ++slot) {
        const int expert = (step * 7 + slot * 5 + layer) % 16;
        trace += "0,0," + std::to_string(step) + ',' + std::to_string(layer) + ',' + std::to_string(slot) +
                 ',' + std::to_string(expert) + '\n';
        experts += ' ' + std::to_string(expert);
      }
      expected.push_back("route " + std::to_string(layer) + ' ' + std::to_string(step) + ':' + experts);
    }
  const Result result =
      run({"synthesize", directory.path(), "--shape", shape, "--trace", directory.write("x.csv", trace)});
  REQUIRE(result.status == 0);
  CHECK(result.out.find("first token of the trace: 256") != std::string::npos);
  const std::string ids = lines_of(moe::detail::read_text(directory / "ids.txt"))[0];
  CHECK(ids.find("256,257,258,") == 0);
  const std::vector<std::string> lines =
      lines_of(run({"logits", directory.path(), "--ids", ids, "--routes"}).out);
  REQUIRE(lines.size() == 512 + expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(lines[512 + i] == expected[i]);
}

}  // namespace

TEST_CASE("synthesize: the listed tokens are routed as in the trace") {
  check_planted_routes("tiny", 2);
  check_planted_routes("tiny-qwen35moe", 4);
  check_planted_routes("tiny-qwen3next", 4);
  check_planted_routes("tiny-gpt-oss", 2);
}

TEST_CASE("synthesize: a trace for a router that cannot follow it is an error that names the shape") {
  const TemporaryDirectory directory;
  const std::string trace = directory.write("x.csv", "step,layer,expert\n0,0,1\n0,1,1\n");
  for (const std::string shape :
       {"tiny-gemma4", "tiny-deepseek2", "tiny-glm4moe", "tiny-nemotron_h_moe", "tiny-lfm2moe"}) {
    CAPTURE(shape);
    const Result result = run({"synthesize", directory.path(), "--shape", shape, "--trace", trace});
    CHECK(result.status == 2);
    CHECK(result.says("--trace needs a router whose weights are a softmax of its logits, which " + shape));
  }
}

TEST_CASE("synthesize: the option int8_mxfp4 changes the logits of gpt-oss, equally for every memory limit") {
  const TemporaryDirectory directory;
  REQUIRE(run({"synthesize", directory.path(), "--shape", "tiny-gpt-oss"}).status == 0);
  const auto logits_with = [&](const moe::ModelOptions& options) {
    const moe::Model model = moe::open(directory.path(), options);
    auto sequence = model.transformer().sequence({.context = 16});
    const std::vector<moe::TokenId> ids{1, 2, 3, 4, 5};
    const std::span<const float> logits = model.transformer().forward(sequence, ids);
    return std::vector<float>(logits.begin(), logits.end());
  };
  const std::vector<float> with = logits_with({.int8_mxfp4 = true});
  CHECK(with != logits_with({}));
  CHECK(with == logits_with({.threads = 3, .memory = {.max_loaded_experts = 4}, .int8_mxfp4 = true}));
}

TEST_CASE("synthesize: traces and options that give no model are refused") {
  const TemporaryDirectory directory;
  const auto synthesize = [&](const std::string& trace) {
    return run(
        {"synthesize", directory.path(), "--shape", "tiny", "--trace", directory.write("x.csv", trace)});
  };
  CHECK(synthesize("step,layer,expert\n0,0,99\n0,1,1\n").err.find("2 layers of at most 16 experts") !=
        std::string::npos);
  CHECK(synthesize("step,layer,expert\n0,0,9\n").err.find("found 1 of 10") != std::string::npos);
  CHECK(synthesize("step,layer,expert\n0,0,9\n0,0,8\n0,1,1\n").err.find("experts of a token") !=
        std::string::npos);
  std::string many = "step,layer,expert\n";
  for (int step = 0; step < 65; ++step) many += std::to_string(step) + ",1,1\n";
  CHECK(synthesize(many).err.find("at most 64") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(directory / "dense.gguf"));
  CHECK_FALSE(std::filesystem::exists(directory / "dense.gguf.part"));
  CHECK(run({"synthesize", directory.path(), "--shape", "huge"}).status == 2);
  CHECK(run({"synthesize", directory.path()}).status == 2);
  const Result type = run({"synthesize", directory.path(), "--shape", "tiny", "--type", "q9_k"});
  CHECK(type.status == 2);
  CHECK(type.err.find("--type is one of ") == 0);
  CHECK(type.says("  --type TYPE "));
  const Result file = run({"synthesize", directory.write("file", "x"), "--shape", "tiny"});
  CHECK(file.status == 1);
  CHECK(file.says("/file: expected the path of a directory, found: "));
  CHECK(run({"synthesize", directory.path(), "--shape", "tiny", "--dense-type", "q4_k"})
            .err.find("blocks of 256") != std::string::npos);
  CHECK(run({"synthesize", directory.path(), "--shape", "tiny", "--layers", "3"}).status == 2);
  // The first layer has no experts.
  CHECK(run({"synthesize", directory.path(), "--shape", "tiny-glm4moe", "--layers", "1"}).status == 2);
  CHECK(run({"synthesize", directory.write("file", ""), "--shape", "tiny"}).status == 1);
}
