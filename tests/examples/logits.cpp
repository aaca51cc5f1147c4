// SPDX-License-Identifier: MIT
#include "run_example.hpp"
#include "support/checkpoints.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_CASE("logits: logits, greedy tokens and routes are printed in their documented forms") {
  const Result result =
      run({"logits", golden("dense-between"), "--ids", "3,1,2", "--greedy", "4", "--routes"});
  CHECK(result.status == 0);
  const std::vector<std::string> lines = lines_of(result.out);
  REQUIRE(lines.size() == 96 + 1 + 2 * 3);  // the vocabulary; two of the layers have experts
  for (std::size_t i = 0; i < 96; ++i) CHECK_NOTHROW((void)std::stof(lines[i]));
  CHECK(lines[96].find("greedy: ") == 0);
  CHECK(lines[97].find("route 1 0: ") == 0);
  CHECK(lines[102].find("route 5 2: ") == 0);
}

TEST_CASE("logits: the logits do not depend on threads, chunks and the place of the experts") {
  const auto logits = [](std::vector<std::string> more) {
    std::vector<std::string> words{"logits", bundled_model(), "--ids", "4093,10,20,30,40,50"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words).out;
  };
  const std::string expected = logits({});
  CHECK(expected.size() > 4096 * 3);
  CHECK(logits({"--threads", "3", "--chunk", "2"}) == expected);
  CHECK(logits({"--in-memory", "--chunk", "1"}) == expected);
  CHECK(logits({"--kv", "f16"}) != expected);
}

TEST_CASE("logits: positions beyond those of the model are a line on stderr") {
  const Result result = run({"logits", bundled_model(), "--ids", "1,2", "--greedy", "255"});
  CHECK(result.status == 0);
  CHECK(result.says("257 positions exceed the 256 of the model (max_position_embeddings)"));
  CHECK(run({"logits", bundled_model(), "--ids", "1,2", "--greedy", "254"}).err.empty());
}

TEST_CASE("logits: wrong options are refused") {
  CHECK(run({"logits", bundled_model()}).err.find("--ids is missing") == 0);
  CHECK(run({"logits", bundled_model(), "--ids", "1", "--kv", "f64"}).err.find("--kv is f16, q8_0 or f32") ==
        0);
  CHECK(run({"logits", bundled_model(), "--ids", "1", "--chunk", "0"}).status == 2);
}
