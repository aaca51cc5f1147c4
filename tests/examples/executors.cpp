// SPDX-License-Identifier: MIT
#include "run_example.hpp"
#include "support/checkpoints.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <string>

#if !defined(_WIN32)

TEST_CASE("process_executor: the text is that of the built-in providers, with experts of each type") {
  const std::string prompt = "<|endoftext|>In the beginning";
  const Result built_in = run({"generate", bundled_model(), prompt, "--max-tokens", "24"});
  const Result result = run({"process_executor", bundled_model(), prompt, "--max-tokens", "24"});
  REQUIRE_MESSAGE(result.status == 0, result.err);
  CHECK(prompt + result.out == built_in.out);
  for (const std::string type : {"f32", "q8_0", "q4_0"}) {
    CAPTURE(type);
    const TemporaryDirectory directory;
    REQUIRE(run({"synthesize", directory.path(), "--shape", "tiny", "--type", type, "--file"}).status == 0);
    const std::string model = directory / "model.gguf";
    const Result expected = run({"generate", model, "words", "--max-tokens", "8"});
    const Result found = run({"process_executor", model, "words", "--max-tokens", "8"});
    REQUIRE_MESSAGE(found.status == 0, found.err);
    CHECK("words" + found.out == expected.out);
  }
}

#endif
