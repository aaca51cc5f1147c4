#include "run_example.hpp"
#include "detail/io/file.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cctype>
#include <filesystem>
#include <string>
#include <vector>

TEST_CASE("synthesize: the model has the wanted shape and types") {
  for (const std::string type : {"q4_0", "q8_0", "f16", "bf16", "f32"}) {
    CAPTURE(type);
    const TemporaryDirectory directory;
    CHECK(run({"synthesize", directory.path(), "--shape", "tiny", "--type", type}).status == 0);
    const Result shown = run({"inspect", directory.path(), "--tensors"});
    CHECK(shown.status == 0);
    CHECK(shown.out.find("16 of width 32 per layer, 4 per token") != std::string::npos);
    std::string upper = type;
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    CHECK(shown.out.find("experts.15.down_proj.weight: [64, 32] " + upper) != std::string::npos);
    CHECK(lines_of(run({"logits", directory.path(), "--ids", "1,2,3"}).out).size() == 512);
  }
}

TEST_CASE("synthesize: the listed tokens are routed as in the trace") {
  const TemporaryDirectory directory;
  std::string trace = "# n_layer=2 n_expert=16 n_expert_used=3\nturn,phase,step,layer,slot,expert\n";
  std::vector<std::string> expected;  // by layer, then token
  for (int layer = 0; layer < 2; ++layer)
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
      run({"synthesize", directory.path(), "--shape", "tiny", "--trace", directory.write("x.csv", trace)});
  CHECK(result.status == 0);
  CHECK(result.out.find("first token of the trace: 256") != std::string::npos);
  const std::string ids = lines_of(moe::detail::read_text(directory / "ids.txt"))[0];
  CHECK(ids.find("256,257,258,") == 0);
  const std::vector<std::string> lines =
      lines_of(run({"logits", directory.path(), "--ids", ids, "--routes"}).out);
  REQUIRE(lines.size() == 512 + 120);
  for (std::size_t i = 0; i < 120; ++i) CHECK(lines[512 + i] == expected[i]);
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
  CHECK(run({"synthesize", directory.path(), "--shape", "tiny", "--type", "q3_k"}).status == 2);
  CHECK(
      run({"synthesize", directory.path(), "--shape", "tiny", "--type", "q4_k"}).err.find("blocks of 256") !=
      std::string::npos);
  CHECK(run({"synthesize", directory.path(), "--shape", "tiny", "--layers", "3"}).status == 2);
  CHECK(run({"synthesize", directory.write("file", ""), "--shape", "tiny"}).status == 1);
}
