// SPDX-License-Identifier: MIT
#include "detail/core/dtype.hpp"
#include "detail/core/thread_pool.hpp"
#include "detail/core/token.hpp"
#include "detail/experts/allowed_experts.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/extract/expert_selection.hpp"
#include "detail/extract/extract_options.hpp"
#include "detail/generate/sampler.hpp"
#include "detail/io/file.hpp"
#include "detail/io/system.hpp"
#include "detail/io/gguf_parser.hpp"
#include "detail/io/tensor_info.hpp"
#include "detail/spec/model_spec.hpp"
#include "detail/extract/extraction.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/experts/read_provider.hpp"
#include "detail/extract/verification.hpp"
#include "detail/generate/model.hpp"
#include "detail/generate/session.hpp"
#include "detail/io/json.hpp"
#include "detail/model/transformer.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"
#include "support/safetensors_writer.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_data.hpp"
#include "support/tiny_checkpoint.hpp"

#include <doctest/doctest.h>

#if !defined(_WIN32)
#include <sys/stat.h>
#endif
#if defined(__linux__)
#include <sys/inotify.h>
#include <unistd.h>
#endif

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace {

void extract(const std::string& source, const std::string& out, const moe::ExtractOptions& options = {}) {
  moe::Extraction(moe::Checkpoint(source), out, options).run();
}

std::vector<moe::TokenId> golden_prompt(const std::string& name) {
  const std::string path = golden(name.substr(0, name.find(".gguf"))) + "/expected.json";
  const moe::JsonDocument document(moe::detail::read_text(path), path);
  std::vector<moe::TokenId> ids;
  for (const moe::Json id : document.root().at("prompt"))
    ids.push_back(static_cast<moe::TokenId>(id.as_u64()));
  return ids;
}

std::vector<float> logits_of(const std::string& path, const std::vector<moe::TokenId>& ids) {
  const moe::Checkpoint checkpoint(path);
  moe::MmapProvider experts(checkpoint);
  moe::ThreadPool pool(2);
  const moe::Transformer model(checkpoint, experts, pool);
  auto sequence = model.sequence({.kv_type = moe::DType::f32});
  const std::span<const float> logits = model.forward(sequence, ids);
  return {logits.begin(), logits.end()};
}

}  // namespace

TEST_CASE(
    "extraction: without conversion, the logits of every golden checkpoint stay the same, extracted once or "
    "twice") {
  for (const std::string name :
       {"plain-f32", "plain-bf16", "omni-thinker-bf16-sharded", "odd-sizes", "tied-biased", "dense-between",
        "four-shards", "fused-experts", "yarn", "linear-rope", "rope-parameters", "dense-qwen3", "omni-fused",
        "vision-transposed", "sliding-window", "one-expert", "plain-f32.gguf"}) {
    CAPTURE(name);
    const TemporaryDirectory directory;
    extract(golden(name), directory / "once");
    extract(directory / "once", directory / "twice");
    const std::vector<moe::TokenId> prompt = golden_prompt(name);
    const std::vector<float> expected = logits_of(golden(name), prompt);
    CHECK(logits_of(directory / "once", prompt) == expected);
    CHECK(logits_of(directory / "twice", prompt) == expected);
    CHECK_NOTHROW(moe::Verification(directory / "once").run());
  }
}

TEST_CASE("extraction: without conversion, the logits of every family stay the same" *
          doctest::test_suite("real-data")) {
  const auto folder = test_data("golden");
  if (!folder) return;
  for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
    const std::string path = entry.path().string();
    if (!path.ends_with(".gguf") && !entry.is_directory()) continue;
    CAPTURE(path);
    const std::vector<moe::TokenId> prompt{3, 14, 15, 92, 65, 35, 89, 79, 32, 38, 46, 26};
    const TemporaryDirectory directory;
    extract(path, directory / "out");
    CHECK(logits_of(directory / "out", prompt) == logits_of(path, prompt));
  }
}

TEST_CASE("extraction: the matrices of an expert are neighbours, and each begins at a multiple of 4096") {
  const TemporaryDirectory directory;
  extract(bundled_model(), directory / "out");
  const moe::ExpertCatalog catalog(moe::Checkpoint(directory / "out"));
  const moe::ExpertCatalog source{moe::Checkpoint(bundled_model())};
  REQUIRE(catalog.size() == source.size());
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    const moe::ExpertLocation& expert = catalog[i];
    CHECK(expert.gate.offset % 4096 == 0);
    CHECK(expert.up.offset == expert.gate.offset + expert.gate.bytes());
    CHECK(expert.down.offset == expert.up.offset + expert.up.bytes());
    if (i > 0) CHECK(expert.gate.offset == catalog[i - 1].down.offset + expert.down.bytes());
  }
  const moe::detail::GgufContents contents =
      moe::detail::parse_gguf(moe::File(directory / "out/experts.gguf"));
  CHECK(contents.metadata.whole("general.alignment") == 4096);
  CHECK(moe::detail::find_by_name(contents.tensors, "model.layers.5.mlp.experts.127.down_proj.weight")
            ->crc32c.has_value());
  for (const char* file : {"tokenizer.json", "tokenizer_config.json", "generation_config.json"})
    CHECK(moe::detail::read_text(directory / "out/" + file) ==
          moe::detail::read_text(bundled_model() + "/" + file));
  CHECK_FALSE(std::filesystem::exists(directory / "out.partial"));
}

TEST_CASE("extraction: the result contains the tokenizer and the recommended sampling of the source") {
  const TemporaryDirectory directory;
  extract(bundled_model(), directory / "out");
  std::vector<std::string> texts;
  for (const std::string& path : {bundled_model(), directory / "out"}) {
    const auto model = moe::open(path, {.memory = {.budget_bytes = std::size_t{1} << 20}});
    moe::Session session(model);
    texts.push_back(session.generate("<|endoftext|>In the", {.max_tokens = 12, .sampling = moe::Sampling{}}));
    CHECK(model.spec().end_tokens == moe::ModelSpec(moe::Checkpoint(bundled_model())).end_tokens);
  }
  CHECK(texts[0] == texts[1]);
}

TEST_CASE(
    "extraction: experts and other matrices get the wanted types, and tensors that keep theirs are listed") {
  const TemporaryDirectory directory;
  const moe::Checkpoint source(golden("plain-bf16"));  // of width 32 and hidden size 64
  moe::Extraction extraction(source, directory / "out",
                             {.type = moe::DType::q4_0, .dense_type = moe::DType::q8_0});
  CHECK(extraction.not_converted().empty());
  extraction.run();
  const moe::Checkpoint out(directory / "out");
  CHECK(out.at("model.layers.2.mlp.experts.15.down_proj.weight").dtype == moe::DType::q4_0);
  CHECK(out.at("model.layers.2.self_attn.q_proj.weight").dtype == moe::DType::q8_0);
  CHECK(out.at("model.embed_tokens.weight").dtype == moe::DType::q8_0);
  CHECK(out.at("model.layers.2.mlp.gate.weight").dtype == moe::DType::bf16);
  CHECK(out.at("model.norm.weight").dtype == moe::DType::bf16);

  const moe::Extraction odd(moe::Checkpoint(golden("odd-sizes")), directory / "odd",
                            {.type = moe::DType::q8_0});
  CHECK(odd.not_converted().size() == 3 * 130 * 2);
  const moe::Extraction wide(source, directory / "wide", {.dense_type = moe::DType::q6_k});
  CHECK(wide.not_converted().size() == 4 * 3 + 2);
}

TEST_CASE("extraction: a component, layer or expert that the source lacks is an error that names it") {
  const TemporaryDirectory directory;
  const moe::Checkpoint plain(golden("plain-bf16")), omni(golden("omni-thinker-bf16-sharded"));
  const auto make = [&](const moe::Checkpoint& source, const moe::ExtractOptions& options) {
    return message_of([&] { moe::Extraction(source, directory / "out", options); });
  };
  CHECK(make(omni, {.component = "thinker"}).empty());
  CHECK(make(omni, {.component = "talker"}).find("expected talker, found thinker") != std::string::npos);
  CHECK(make(plain, {.component = "thinker"}).find("found only a text model") != std::string::npos);
  CHECK(make(plain, {.layers = {1, 3}}).find("below 3, found 1 to 3") != std::string::npos);
  CHECK(make(plain, {.experts = moe::ExpertSelection::range({16, 17})}).find("below 16") !=
        std::string::npos);
}

TEST_CASE("extraction: a second run changes nothing, and other options for the same output are refused") {
  const TemporaryDirectory directory;
  const moe::Checkpoint source(golden("plain-bf16"));
  extract(golden("plain-bf16"), directory / "out");
  const auto time = std::filesystem::last_write_time(directory / "out/dense.gguf");
  moe::Extraction again(source, directory / "out/");
  CHECK(again.complete());
  CHECK(again.bytes_left() == 0);
  again.run();
  CHECK(std::filesystem::last_write_time(directory / "out/dense.gguf") == time);
  check_error([&] { moe::Extraction(source, directory / "out", {.type = moe::DType::q8_0}); },
              {"out: output", "something else"});
}

TEST_CASE(
    "extraction: a result without all experts opens only with allow_partial, and routers choose from the "
    "rest") {
  const TemporaryDirectory directory;
  moe::Extraction extraction(moe::Checkpoint(bundled_model()), directory / "out",
                             {.experts = moe::ExpertSelection::range({8, 39})});
  CHECK(extraction.experts() == 6 * 32);
  CHECK(extraction.experts_left_out() == 6 * 96);
  CHECK(extraction.bytes_left_out() == 6 * 96 * 3 * 8192);
  extraction.run();
  check_error([&] { moe::open(directory / "out"); },
              {"out: experts", "allow_partial", "576 of 768", "96 of 128 in layer 0 to 5"});

  moe::AllowedExperts allowed;
  std::vector<std::uint32_t> part;
  for (std::uint32_t expert = 8; expert < 40; ++expert) part.push_back(expert);
  for (std::uint32_t layer = 0; layer < 6; ++layer) allowed.allow_only(layer, part);
  std::vector<std::string> texts;
  const auto add_text = [&](const moe::Model& model) {
    moe::Session session(model);
    texts.push_back(session.generate("<|endoftext|>In the", {.max_tokens = 12, .sampling = moe::Sampling{}}));
  };
  add_text(moe::open(bundled_model(), {.allowed_experts = allowed}));
  add_text(moe::open(directory / "out", {.allow_partial = true}));
  add_text(moe::open(directory / "out",
                     {.experts = moe::ModelOptions::Experts::in_memory, .allow_partial = true}));
  add_text(
      moe::open(directory / "out",
                {.memory = {.budget_bytes = std::size_t{1} << 20}, .allow_partial = true, .verify = true}));
  for (const std::string& text : texts) CHECK(text == texts[0]);

  moe::ReadProvider reading(moe::ExpertCatalog(moe::Checkpoint(directory / "out"), {.allow_partial = true}));
  check_error([&] { reading.acquire({3, 7}); }, {"expert 7 of layer 3", "missing"});
}

TEST_CASE("extraction: a result without all layers can be verified and extracted again, but not run") {
  const TemporaryDirectory directory;
  extract(bundled_model(), directory / "out", {.layers = {2, 3}});
  CHECK_NOTHROW(moe::Verification(directory / "out").run());
  CHECK(moe::ExpertCatalog(moe::Checkpoint(directory / "out")).experts(2) == 128);
  for (const bool allow : {false, true})
    check_error([&] { moe::open(directory / "out", {.allow_partial = allow}); },
                {"layers", "all 6", "nothing of layers [0, 1, 4, 5]"});
  check_error([&] { extract(directory / "out", directory / "twice", {.layers = {0, 6}}); }, {"below 6"});
}

TEST_CASE("extraction: an empty directory is accepted as output, and a directory with files is refused") {
  const TemporaryDirectory directory;
  std::filesystem::create_directories(directory / "out");
  extract(golden("plain-bf16"), directory / "out/");
  CHECK(moe::detail::is_file(directory / "out/dense.gguf"));

  directory.write("mine.txt", "mine");
  check_error([&] { extract(golden("plain-bf16"), directory.path()); }, {"output", "something else"});
  CHECK(moe::detail::is_file(directory / "mine.txt"));
  check_error([&] { extract(golden("plain-bf16"), ""); }, {"output", "an empty name"});
}

TEST_CASE("extraction: missing parent directories of the output are created") {
  const TemporaryDirectory directory;
  extract(golden("plain-bf16"), directory / "a/b/./c/../out");
  CHECK(moe::detail::is_file(directory / "a/b/out/dense.gguf"));
}

#if defined(__linux__)

// Windows refuses the new name while a file in the directory is open. Wine does not, so the order of events is compared here.
TEST_CASE("extraction: all files of the result are closed before its directory gets the final name") {
  const TemporaryDirectory directory;
  moe::Extraction extraction(moe::Checkpoint(golden("plain-bf16")), directory / "out");
  const moe::detail::UniqueFile events(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  REQUIRE(events);
  int watch = -1;
  const auto watch_result = [&](std::uint64_t) {
    if (watch < 0)
      watch = ::inotify_add_watch(events.get(), (directory / "out.partial/result").c_str(),
                                  IN_CLOSE_WRITE | IN_MOVE_SELF);
  };
  extraction.run(watch_result);
  REQUIRE(watch >= 0);
  alignas(inotify_event) char buffer[16384];
  const auto bytes = ::read(events.get(), buffer, sizeof buffer);
  std::vector<std::uint32_t> masks;
  for (std::ptrdiff_t at = 0; at < bytes;) {
    const auto* const event = reinterpret_cast<const inotify_event*>(buffer + at);
    masks.push_back(event->mask);
    at += static_cast<std::ptrdiff_t>(sizeof *event + event->len);
  }
  REQUIRE(masks.size() > 2);
  CHECK(masks.back() == IN_MOVE_SELF);
}

#endif

TEST_CASE("extraction: run() may be called again after it is done") {
  const TemporaryDirectory directory;
  moe::Extraction extraction(moe::Checkpoint(golden("plain-bf16")), directory / "out");
  CHECK_FALSE(extraction.complete());
  extraction.run();
  CHECK(extraction.complete());
  CHECK(extraction.bytes_left() == 0);
  CHECK_NOTHROW(extraction.run());
}

TEST_CASE("extraction: progress adds up to the bytes of all tensors") {
  const TemporaryDirectory directory;
  moe::Extraction extraction(moe::Checkpoint(golden("plain-bf16")), directory / "out");
  std::uint64_t sum = 0;
  const auto add = [&](std::uint64_t bytes) { sum += bytes; };
  extraction.run(add);
  CHECK(sum == extraction.data_bytes());
}

TEST_CASE("extraction: a selection by share has at least as many experts as a router chooses for a token") {
  const TemporaryDirectory directory;
  moe::UsageProfile profile(3, 16);
  for (std::uint32_t layer = 0; layer < 3; ++layer) profile.add({layer, 5}, 100, 1);
  const moe::Checkpoint source(golden("plain-bf16"));
  const std::size_t per_token = moe::ModelSpec(source).experts_per_token();
  REQUIRE(per_token > 1);
  const moe::Extraction extraction(source, directory / "out",
                                   {.experts = moe::ExpertSelection::covering(profile, 0.5, "usage.json")});
  CHECK(extraction.experts() == 3 * per_token);
}

#if !defined(_WIN32)

TEST_CASE("extraction: an output that is a file, a FIFO or a link to nothing is refused before any work") {
  const TemporaryDirectory directory;
  directory.write("file", "mine");
  REQUIRE(::mkfifo((directory / "fifo").c_str(), 0600) == 0);
  std::filesystem::create_symlink("nowhere", directory / "link");
  for (const std::string name : {"file", "fifo", "link"}) {
    CAPTURE(name);
    check_error([&] { extract(golden("plain-bf16"), directory / name); },
                {name + ": output", "something else"});
    CHECK_FALSE(std::filesystem::exists(directory / (name + ".partial")));
  }
}

TEST_CASE("extraction: a link to an empty directory is followed") {
  const TemporaryDirectory directory;
  std::filesystem::create_directories(directory / "elsewhere/empty");
  std::filesystem::create_directory_symlink("elsewhere/empty", directory / "link");
  extract(golden("plain-bf16"), directory / "link");
  CHECK(std::filesystem::is_symlink(directory / "link"));
  CHECK(moe::detail::is_file(directory / "elsewhere/empty/dense.gguf"));
}

#endif
