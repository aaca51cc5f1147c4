// SPDX-License-Identifier: MIT
// The bundled model on this platform: its experts mapped, and read within a budget.
#include "detail/generate/model.hpp"
#include "detail/generate/session.hpp"
#include "support/checkpoints.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace {

constexpr std::string_view platform_prompt = "<|endoftext|>And God said unto";

std::string platform_text(const moe::ModelOptions& options) {
  const auto model = moe::open(bundled_model(), options);
  return moe::Session(model, {.context = 64})
      .generate(platform_prompt, {.max_tokens = 8, .sampling = moe::Sampling{.temperature = 0}});
}

}  // namespace

TEST_CASE("generation: 8 tokens of the bundled model, with mapped experts and with experts read from disk") {
  const std::string text = platform_text({.threads = 2});
  CHECK(text == " him, Let my lord now go");
  CHECK(platform_text({.threads = 2, .memory = {.budget_bytes = std::size_t{4} << 20}}) == text);
}
