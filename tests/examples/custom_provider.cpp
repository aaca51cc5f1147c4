#include "run_example.hpp"
#include "support/checkpoints.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_CASE("custom_provider: a provider of the user gives the same text as the built-in ones") {
  const std::string prompt = "<|endoftext|>In the beginning";
  const Result custom = run({"custom_provider", bundled_model(), prompt, "--max-tokens", "12"});
  const Result built_in = run({"generate", bundled_model(), prompt, "--max-tokens", "12"});
  CHECK(custom.status == 0);
  CHECK(prompt + lines_of(custom.out)[0] == lines_of(built_in.out)[0]);
  CHECK(custom.out.find("experts read") != std::string::npos);
}
