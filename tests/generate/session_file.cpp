// SPDX-License-Identifier: MIT
#include "detail/core/dtype.hpp"
#include "detail/core/token.hpp"
#include "detail/experts/allowed_experts.hpp"
#include "detail/extract/extraction.hpp"
#include "detail/generate/model.hpp"
#include "detail/generate/sampler.hpp"
#include "detail/generate/session.hpp"
#include "detail/io/file.hpp"
#include "detail/simd/isa.hpp"
#include "detail/simd/kernels.hpp"
#include "support/checkpoints.hpp"
#include "support/flip_byte.hpp"
#include "support/message_of.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_data.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace {

moe::GenerateOptions greedy_tokens(std::size_t count) {
  return {.max_tokens = count, .sampling = moe::Sampling{}, .stop_at_end_token = false};
}

const std::vector<moe::TokenId> prompt{5, 17, 3, 39, 42, 7, 23, 61, 8, 30};

/// One checkpoint for each kind of mixer.
std::vector<std::string> session_checkpoints() {
  std::vector<std::string> out{golden("plain-f32"), golden("sliding-window")};
  for (const char* name : {"gemma4-moe-f32", "glm4_moe_lite", "qwen3_5_moe", "nemotron_h", "lfm2moe-f32"})
    if (const auto path = test_data(std::string("golden/") + name)) out.push_back(*path);
  return out;
}

}  // namespace

TEST_CASE(
    "session file: a saved session continues with the same tokens, for every kind of mixer and KV cache") {
  for (const std::string& path : session_checkpoints()) {
    CAPTURE(path);
    const TemporaryDirectory directory;
    const moe::Model model = moe::open(path);
    for (const moe::DType type : {moe::DType::f16, moe::DType::f32}) {
      moe::Session session(model, {.context = 100, .chunk = 8, .kv_type = type});
      session.generate(prompt, greedy_tokens(20));
      session.save(directory / "session");
      std::vector<moe::TokenId> longer = session.tokens();
      longer.push_back(1);
      moe::Session opened = moe::open_session(model, directory / "session");
      CHECK(opened.tokens() == session.tokens());
      CHECK(opened.sequence().position() == session.sequence().position());
      session.generate(longer, greedy_tokens(20));
      opened.generate(longer, greedy_tokens(20));
      CHECK(opened.tokens() == session.tokens());
      CHECK(opened.statistics().reused_tokens > prompt.size());
    }
  }
}

TEST_CASE("session file: a fork continues with the same tokens, and the two sessions are independent") {
  for (const std::string& path : session_checkpoints()) {
    CAPTURE(path);
    const moe::Model model = moe::open(path);
    moe::Session session(model, {.context = 100});
    session.generate(prompt, greedy_tokens(10));
    moe::Session fork = session.fork();
    std::vector<moe::TokenId> longer = session.tokens(), other = longer;
    longer.push_back(1);
    other.push_back(2);
    fork.generate(other, greedy_tokens(20));
    session.generate(longer, greedy_tokens(20));
    moe::Session fresh(model, {.context = 100});
    fresh.generate(longer, greedy_tokens(20));
    CHECK(session.tokens() == fresh.tokens());
    fresh.generate(other, greedy_tokens(20));
    CHECK(fork.tokens() == fresh.tokens());
  }
}

TEST_CASE(
    "session file: a prompt that departs from the session's text gives the same tokens as a new session") {
  for (const std::string& path : session_checkpoints()) {
    CAPTURE(path);
    const moe::Model model = moe::open(path);
    moe::Session session(model, {.context = 200});
    session.generate(prompt, greedy_tokens(20));
    std::vector<moe::TokenId> changed = prompt;
    for (moe::TokenId id = 10; id < 60; ++id) changed.push_back(id);
    session.generate(changed, greedy_tokens(20));
    moe::Session fresh(model, {.context = 200});
    fresh.generate(changed, greedy_tokens(20));
    CHECK(session.tokens() == fresh.tokens());
  }
}

TEST_CASE("session file: a session saved with mapped weights continues with weights in memory, in panels") {
  const TemporaryDirectory directory;
  moe::Extraction(moe::Checkpoint(golden("plain-f32")), directory / "q8_0",
                  {.type = moe::DType::q8_0, .dense_type = moe::DType::q8_0})
      .run();
  const moe::Model mapped = moe::open(directory / "q8_0");
  moe::Session session(mapped, {.context = 100});
  session.generate(prompt, greedy_tokens(10));
  session.save(directory / "session");
  std::vector<moe::TokenId> longer = session.tokens();
  longer.push_back(1);
  session.generate(longer, greedy_tokens(20));
  const moe::ModelOptions in_memory{.experts = moe::ModelOptions::Experts::in_memory};
  const moe::ModelOptions limited{.memory = {.budget_bytes = std::size_t{1} << 20}};
  for (const moe::ModelOptions& options : {in_memory, limited}) {
    const moe::Model model = moe::open(directory / "q8_0", options);
    moe::Session opened = moe::open_session(model, directory / "session");
    opened.generate(longer, greedy_tokens(20));
    CHECK(opened.tokens() == session.tokens());
    CHECK(opened.statistics().reused_tokens > prompt.size());
  }
}

TEST_CASE("session file: a file with any damage is refused") {
  const TemporaryDirectory directory;
  const moe::Model model = moe::open(golden("plain-f32"));
  moe::Session session(model, {.context = 20});
  session.generate(prompt, greedy_tokens(3));
  const std::string path = directory / "session";
  session.save(path);
  const std::string whole = moe::detail::read_text(path);
  for (std::size_t at = 0; at < whole.size(); at += at < 200 ? 1 : 101) {
    CAPTURE(at);
    flip_byte(path, at);
    CHECK_THROWS_AS(moe::open_session(model, path), moe::Error);
    flip_byte(path, at);
    directory.write("short", whole.substr(0, at));
    CHECK_THROWS_AS(moe::open_session(model, directory / "short"), moe::Error);
  }
  directory.write("long", whole + "x");
  CHECK_THROWS_AS(moe::open_session(model, directory / "long"), moe::Error);
  CHECK(moe::open_session(model, path).tokens() == session.tokens());
}

TEST_CASE("session file: a session of another model is refused, even if both models have the same shape") {
  const TemporaryDirectory directory;
  const moe::Model model = moe::open(golden("plain-f32"));
  moe::Session session(model, {.context = 20});
  session.generate(prompt, greedy_tokens(3));
  session.save(directory / "session");
  for (const char* other : {"plain-bf16", "odd-sizes"})
    check_error([&] { return moe::open_session(moe::open(golden(other)), directory / "session").context(); },
                {"session: model: expected a session of the model in", "found a session of another model"});
}

TEST_CASE("session file: a session is refused by a model with another value of bf16_dot or int8_mxfp4") {
  const TemporaryDirectory directory;
  const moe::ModelOptions int8_mxfp4{.int8_mxfp4 = true}, bf16_dot{.bf16_dot = true};
  const auto check_refused = [&](const moe::ModelOptions& saved, const moe::ModelOptions& opened,
                                 std::string_view message) {
    const moe::Model model = moe::open(golden("plain-bf16"), saved),
                     other = moe::open(golden("plain-bf16"), opened);
    moe::Session session(model, {.context = 20});
    session.generate(prompt, greedy_tokens(3));
    session.save(directory / "session");
    check_error([&] { return moe::open_session(other, directory / "session").context(); }, {message});
    CHECK(moe::open_session(model, directory / "session").tokens() == session.tokens());
  };
  check_refused(int8_mxfp4, {}, "session: int8_mxfp4: expected false, the value of the model, found true");
  check_refused({}, int8_mxfp4, "session: int8_mxfp4: expected true, the value of the model, found false");
  if (!moe::detail::simd::bf16_dot_kernels_for(moe::detail::simd::active_isa())) return;
  check_refused(bf16_dot, {}, "session: bf16_dot: expected false, the value of the model, found true");
  check_refused({}, bf16_dot, "session: bf16_dot: expected true, the value of the model, found false");
}

TEST_CASE("session file: a session is refused by a model with other allowed experts") {
  const TemporaryDirectory directory;
  moe::AllowedExperts allowed;
  allowed.allow_only(1, std::vector<std::uint32_t>{0, 3, 4, 5, 9, 12, 13, 15});
  const moe::Model free = moe::open(golden("plain-bf16"));
  const moe::Model restricted = moe::open(golden("plain-bf16"), {.allowed_experts = allowed});
  moe::Session session(restricted, {.context = 20});
  session.generate(prompt, greedy_tokens(3));
  session.save(directory / "session");
  check_error([&] { return moe::open_session(free, directory / "session").context(); },
              {"session: model: expected a session of the model in", "with other allowed experts"});
  CHECK(moe::open_session(restricted, directory / "session").tokens() == session.tokens());
}
