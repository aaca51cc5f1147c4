// SPDX-License-Identifier: MIT
#include "run_example.hpp"
#include "support/checkpoints.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_CASE("custom_provider: a provider of the user gives the same text as the built-in ones") {
  const std::string prompt = "<|endoftext|>In the beginning";
  const Result custom = run({"custom_provider", bundled_model(), prompt, "--max-tokens", "12"});
  const Result built_in = run({"generate", bundled_model(), prompt, "--max-tokens", "12"});
  CHECK(custom.status == 0);
  CHECK(prompt + lines_of(custom.out)[0] == lines_of(built_in.out)[0]);
  CHECK(custom.out.find("experts read") != std::string::npos);
}

TEST_CASE("custom_provider: a full context is said on stderr") {
  const std::vector<std::string> words{"custom_provider", bundled_model(), "<|endoftext|>", "--max-tokens",
                                       "9"};
  CHECK(run(words).err.empty());
  const Result result = run(with(words, {"--context", "4"}));
  CHECK(result.status == 0);
  CHECK(result.says("context full: the text ends after 5 tokens; a larger --context makes room\n"));
}
