// SPDX-License-Identifier: MIT
#include "detail/core/token.hpp"
#include "detail/experts/allowed_experts.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/generate/memory_plan.hpp"
#include "detail/generate/model.hpp"
#include "detail/generate/recommended_sampling.hpp"
#include "detail/generate/sampler.hpp"
#include "detail/model/weights.hpp"
#include "detail/simd/isa.hpp"
#include "detail/simd/kernels.hpp"
#include "detail/experts/measuring_provider.hpp"
#include "detail/generate/session.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"
#include "support/tiny_checkpoint.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

/// The recommended sampling of a checkpoint with this generation_config.json.
moe::Sampling sampling_of_config(std::string_view generation_config) {
  TinyCheckpoint tiny;
  tiny.directory().write("generation_config.json", generation_config);
  return moe::detail::read_sampling(tiny.open());
}

}  // namespace

TEST_CASE("model: open() takes string, char pointer and filesystem path, and mapped or in-memory experts") {
  const std::string path = bundled_model();
  std::string texts[3];
  std::size_t i = 0;
  for (const auto& model :
       {moe::open(path), moe::open(path.c_str(), {.threads = 1}),
        moe::open(std::filesystem::path(path), {.experts = moe::ModelOptions::Experts::in_memory})}) {
    moe::Session session(model);
    texts[i++] = session.generate("<|endoftext|>In", {.max_tokens = 10, .sampling = moe::Sampling{}});
  }
  CHECK(texts[0] == texts[1]);
  CHECK(texts[0] == texts[2]);
}

TEST_CASE("model: a provider of the caller delivers the experts, and experts().get() returns it") {
  const moe::Checkpoint checkpoint(bundled_model());
  const moe::Model model(checkpoint, moe::MeasuringProvider(moe::MmapProvider(checkpoint)), {.threads = 2});
  moe::Session session(model);
  session.generate("<|endoftext|>In", {.max_tokens = 10});
  const moe::ExpertStatistics total =
      model.experts().get<moe::MeasuringProvider<moe::MmapProvider>>()->total();
  CHECK(total.acquired() > 6 * 8);
  CHECK(total.missed > 0);
  CHECK(total.resident > 0);
}

TEST_CASE("model: restricted routers give the same text with mapped experts and within a budget") {
  moe::AllowedExperts allowed;
  for (std::uint32_t layer = 0; layer < 6; ++layer)
    allowed.allow_only(layer, std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6, 7});
  std::vector<std::string> texts;
  for (const moe::MemoryOptions& memory :
       {moe::MemoryOptions{}, moe::MemoryOptions{.budget_bytes = std::size_t{1} << 20}}) {
    const auto model = moe::open(bundled_model(), {.memory = memory, .allowed_experts = allowed});
    CHECK(model.allowed_experts().of(5).size() == 8);
    moe::Session session(model);
    texts.push_back(session.generate("<|endoftext|>In", {.max_tokens = 10, .sampling = moe::Sampling{}}));
    CHECK(session.sequence().restriction().choices == 6 * session.sequence().position());
    CHECK(session.sequence().restriction().mean_mass() < 0.5);
  }
  CHECK(texts[0] == texts[1]);
}

TEST_CASE(
    "model: bf16_dot changes the logits, equally for every budget, or is refused without the extension") {
  const auto opened = [](const moe::MemoryOptions& memory, bool bf16_dot) {
    return moe::open(bundled_model(), {.memory = memory, .bf16_dot = bf16_dot});
  };
  if (!moe::detail::simd::bf16_dot_kernels_for(moe::detail::simd::active_isa())) {
    check_error([&] { opened({}, true); }, {"bf16_dot", "avx512 with AVX512_BF16"});
    return;
  }
  const auto logits_of = [](const auto& model) {
    auto sequence = model.transformer().sequence({.context = 16});
    const std::vector<moe::TokenId> ids{0, 300, 17, 5};
    const std::span<const float> logits = model.transformer().forward(sequence, ids);
    return std::vector<float>(logits.begin(), logits.end());
  };
  const moe::MemoryOptions budget{.budget_bytes = std::size_t{1} << 20};
  const auto with = opened(budget, true), without = opened(budget, false);
  CHECK(logits_of(with) == logits_of(opened({}, true)));
  CHECK(logits_of(with) != logits_of(without));
  CHECK(with.memory_plan().scratch_bytes > without.memory_plan().scratch_bytes);
}

TEST_CASE("model: recommended sampling is generation_config.json with the defaults of Hugging Face") {
  CHECK(moe::detail::read_sampling(moe::Checkpoint(golden("plain-bf16"))).temperature == 0);
  CHECK(sampling_of_config(R"({"temperature": 0.6})").temperature == 0);  // do_sample is false
  const moe::Sampling plain = sampling_of_config(R"({"do_sample": true})");
  CHECK(plain.temperature == 1);
  CHECK(plain.top_k == 50);
  CHECK(plain.top_p == 1);
  const moe::Sampling qwen3 = sampling_of_config(
      R"({"do_sample": true, "temperature": 0.6, "top_k": 20, "top_p": 0.95, "min_p": 0.1, "repetition_penalty": 1.05})");
  CHECK(qwen3.temperature == 0.6);
  CHECK(qwen3.top_k == 20);
  CHECK(qwen3.top_p == 0.95);
  CHECK(qwen3.min_p == 0.1);
  CHECK(qwen3.repetition_penalty == 1.05);
  check_error([&] { return sampling_of_config(R"({"do_sample": true, "top_p": 2})"); },
              {"generation_config.json", "$.top_p"});
}

TEST_CASE("model: recommended sampling has the bans and penalties of generation_config.json") {
  const moe::Sampling found = sampling_of_config(
      R"({"no_repeat_ngram_size": 3, "suppress_tokens": [1, 2], "bad_words_ids": [[4], [5, 6], [7]],
          "eos_token_id": [7, 8], "typical_p": 0.5})");
  CHECK(found.no_repeat_ngram_size == 3);
  CHECK(found.banned_tokens == std::vector<moe::TokenId>{1, 2, 4});  // an end token is not a bad word
  CHECK(found.banned_sequences == std::vector<std::vector<moe::TokenId>>{{5, 6}});
  CHECK(found.typical_p == 1);  // belongs to do_sample
  CHECK(sampling_of_config(R"({"do_sample": true, "typical_p": 0.5})").typical_p == 0.5);
  CHECK(sampling_of_config(R"({"suppress_tokens": null, "bad_words_ids": null})").banned_tokens.empty());
  check_error([&] { return sampling_of_config(R"({"bad_words_ids": [[1], []]})"); }, {"$.bad_words_ids[1]"});
  check_error([&] { return sampling_of_config(R"({"bad_words_ids": [[-1]]})"); }, {"$.bad_words_ids[0][0]"});
}

TEST_CASE("model: steps of generate() that the library lacks are refused by name, unless they are off") {
  CHECK(sampling_of_config(R"({"num_beams": 1, "guidance_scale": 1.0, "penalty_alpha": null,
                        "forced_eos_token_id": null, "epsilon_cutoff": 0.1})")
            .temperature == 0);
  check_error([&] { return sampling_of_config(R"({"num_beams": 4})"); },
              {"generation_config.json", "num_beams", "4"});
  check_error([&] { return sampling_of_config(R"({"do_sample": true, "eta_cutoff": 0.1})"); },
              {"eta_cutoff"});
  for (const char* const key : {"sequence_bias", "exponential_decay_length_penalty", "begin_suppress_tokens",
                                "forced_bos_token_id", "forced_eos_token_id", "forced_decoder_ids",
                                "force_words_ids", "constraints", "dola_layers", "watermarking_config"}) {
    const std::string text = '"' + std::string(key) + '"';
    CHECK(sampling_of_config('{' + text + ": null}").temperature == 0);
    check_error([&] { return sampling_of_config('{' + text + ": [1, 2]}"); },
                {"generation_config.json", key});
  }
  CHECK(sampling_of_config(R"({"token_healing": false, "top_h": 0.4})").temperature == 0);
  check_error([&] { return sampling_of_config(R"({"token_healing": true})"); }, {"token_healing"});
  check_error([&] { return sampling_of_config(R"({"do_sample": true, "top_h": 0.4})"); }, {"top_h"});
}

TEST_CASE("model: without a tokenizer token ids work, and text is an error that names the missing file") {
  const auto model = moe::open(golden("plain-bf16"));
  CHECK_FALSE(model.has_tokenizer());
  moe::Session session(model);
  CHECK(session.generate(std::vector<moe::TokenId>{1, 2, 3}, {.max_tokens = 5}).empty());
  CHECK(session.tokens().size() == 8);
  check_error([&] { return session.generate("text"); }, {"tokenizer.json", "none"});
  check_error([&] { return model.chat_template(); }, {"chat template"});
}

TEST_CASE("model: a provider whose catalog contradicts the configuration is refused at construction") {
  TinyCheckpoint tiny;
  moe::MmapProvider experts(tiny.open());
  tiny.edit("\"moe_intermediate_size\": 32", "\"moe_intermediate_size\": 16");
  check_error([&] { return moe::Model(tiny.open(), std::move(experts)); },
              {"experts of layer 0", "expected up [16, 64], found [32, 64]"});
}

TEST_CASE("model: experts that contradict the configuration are refused by open()") {
  TinyCheckpoint tiny;
  tiny.edit("\"num_experts\": 16", "\"num_experts\": 15");
  check_error([&] { return moe::open(tiny.directory().path()); },
              {"experts of layer 0", "expected 15, found 16"});
}

TEST_CASE("model: experts in the configuration that no tensor confirms take no memory") {
  TinyCheckpoint tiny("dense-qwen3");
  tiny.edit("\"model_type\": \"qwen3\"",
            "\"model_type\": \"qwen3_moe\", \"num_experts\": 2000000000, \"decoder_sparse_step\": 99");
  const auto model = moe::open(tiny.directory().path());
  moe::Session session(model, {.context = 16});
  CHECK(session.sequence().scratch_bytes() < std::size_t{1} << 20);
  session.generate(std::vector<moe::TokenId>{1, 2, 3}, {.max_tokens = 2});
  CHECK(session.tokens().size() == 5);
}

TEST_CASE("model: a memory plan counts the chunk and the context of a session with the same options") {
  const moe::Checkpoint checkpoint(bundled_model());
  const auto model = moe::open(bundled_model(), {.threads = 1});
  for (const moe::SequenceOptions& sequence :
       {moe::SequenceOptions{.context = 10, .chunk = 512}, moe::SequenceOptions{.context = 1 << 20}}) {
    const moe::MemoryPlan plan = moe::plan_memory(
        checkpoint, {.threads = 1, .memory = {.budget_bytes = 1 << 20}, .sequence = sequence});
    const moe::Session session(model, sequence);
    CHECK(plan.scratch_bytes == session.sequence().scratch_bytes());
    CHECK(plan.state_bytes == session.sequence().state_bytes());
  }
}

TEST_CASE("model: a memory plan counts the states of all sessions") {
  const moe::Checkpoint checkpoint(bundled_model());
  std::size_t total = std::size_t{1} << 30;
  const auto plan = [&](std::size_t sessions) {
    return moe::plan_memory(checkpoint, {.threads = 1,
                                         .memory = {.total_bytes = total},
                                         .sequence = {.context = 1000, .chunk = 10},
                                         .sessions = sessions});
  };
  const moe::MemoryPlan ample = plan(1);
  total = ample.dense_bytes + 8 * ample.state_bytes + ample.scratch_bytes + ample.other_bytes + (4 << 20);
  const moe::MemoryPlan one = plan(1), eight = plan(8);
  REQUIRE(one.state_bytes > 0);
  CHECK(eight.state_bytes == 8 * one.state_bytes);
  CHECK(eight.scratch_bytes == one.scratch_bytes);
  CHECK(eight.total_bytes() <= total);
  CHECK(eight.budget_bytes < one.budget_bytes);
  check_error([&] { return plan(SIZE_MAX); }, {"states of sessions"});
}

TEST_CASE("model: load_progress rises to the bytes that open() reads, and is not called for mapped weights") {
  using enum moe::ModelOptions::Experts;
  const moe::Checkpoint checkpoint(bundled_model());
  const moe::ExpertCatalog catalog(checkpoint);
  std::uint64_t expert_bytes = 0;
  for (const moe::ExpertId id : catalog.ids()) expert_bytes += catalog.at(id).bytes();
  const std::uint64_t other_bytes = moe::detail::ModelWeights(checkpoint, moe::ModelSpec(checkpoint)).bytes();
  struct Case {
    moe::ModelOptions::Experts experts;
    std::size_t budget_bytes;
    std::uint64_t expected;
  };
  for (const Case& c : {Case{mapped, 0, 0}, Case{in_memory, 0, expert_bytes + other_bytes},
                        Case{mapped, std::size_t{1} << 20, other_bytes}}) {
    CAPTURE(c.budget_bytes);
    std::vector<std::uint64_t> reports;
    const auto model =
        moe::open(bundled_model(), {.threads = 1,
                                    .experts = c.experts,
                                    .memory = {.budget_bytes = c.budget_bytes},
                                    .load_progress = [&](std::uint64_t done, std::uint64_t all) {
                                      CHECK(all == c.expected);
                                      reports.push_back(done);
                                    }});
    CHECK(std::is_sorted(reports.begin(), reports.end()));
    CHECK(reports.empty() == (c.expected == 0));
    if (!reports.empty()) CHECK(reports.front() < c.expected);
    if (!reports.empty()) CHECK(reports.back() == c.expected);
  }
}

TEST_CASE("model: sessions take the chunk of the plan unless they set one") {
  moe::ProviderModelOptions options{.threads = 1};
  options.memory_plan.chunk = 7;
  const moe::Checkpoint checkpoint(bundled_model());
  const moe::Model model(checkpoint, moe::MmapProvider(checkpoint), options);
  CHECK(moe::Session(model).sequence().chunk() == 7);
  CHECK(moe::Session(model, {.chunk = 3}).sequence().chunk() == 3);
}
