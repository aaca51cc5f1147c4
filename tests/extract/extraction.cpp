#include "detail/core/dtype.hpp"
#include "detail/core/thread_pool.hpp"
#include "detail/core/token.hpp"
#include "detail/experts/allowed_experts.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/extract/expert_selection.hpp"
#include "detail/extract/extract_options.hpp"
#include "detail/generate/sampler.hpp"
#include "detail/io/file.hpp"
#include "detail/io/gguf_parser.hpp"
#include "detail/io/tensor_info.hpp"
#include "detail/model/config.hpp"
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
#include "support/tiny_checkpoint.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
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

void flip(const std::string& path, std::uint64_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const char byte = static_cast<char>(file.get() ^ 1);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
}

}  // namespace

TEST_CASE(
    "extraction: kept as it is, every golden checkpoint gives the same logits, and so does what is extracted "
    "of that") {
  for (const std::string name :
       {"plain-f32", "plain-bf16", "omni-thinker-bf16-sharded", "odd-sizes", "tied-biased", "dense-between",
        "four-shards", "fused-experts", "yarn", "linear-rope", "rope-parameters", "dense-qwen3", "omni-fused",
        "sliding-window", "one-expert", "plain-f32.gguf"}) {
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

TEST_CASE("extraction: the matrices of an expert lie side by side, each at a whole page") {
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
      moe::detail::GgufParser(moe::File(directory / "out/experts.gguf")).parse();
  CHECK(contents.metadata.whole("general.alignment") == 4096);
  CHECK(moe::detail::find_by_name(contents.tensors, "blk.5.ffn_down.127.weight")->crc32c.has_value());
  for (const char* file : {"tokenizer.json", "tokenizer_config.json", "generation_config.json"})
    CHECK(moe::detail::read_text(directory / "out/" + file) ==
          moe::detail::read_text(bundled_model() + "/" + file));
  CHECK_FALSE(std::filesystem::exists(directory / "out.partial"));
}

TEST_CASE("extraction: a model reads its tokenizer and recommended sampling from what was extracted") {
  const TemporaryDirectory directory;
  extract(bundled_model(), directory / "out");
  std::vector<std::string> texts;
  for (const std::string& path : {bundled_model(), directory / "out"}) {
    const auto model = moe::open(path, {.memory = {.budget_bytes = std::size_t{1} << 20}});
    moe::Session session(model);
    texts.push_back(session.generate("<|endoftext|>In the", {.max_tokens = 12, .sampling = moe::Sampling{}}));
    CHECK(model.config().end_tokens == moe::ModelConfig(moe::Checkpoint(bundled_model())).end_tokens);
  }
  CHECK(texts[0] == texts[1]);
}

TEST_CASE(
    "extraction: converts experts and other matrices to the types asked for, and says what does not fit") {
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

TEST_CASE(
    "extraction: refuses a component or layers that are not there, and an output that is something else") {
  const TemporaryDirectory directory;
  const moe::Checkpoint plain(golden("plain-bf16")), omni(golden("omni-thinker-bf16-sharded"));
  const auto make = [&](const moe::Checkpoint& source, const moe::ExtractOptions& options) {
    return message_of([&] { moe::Extraction(source, directory / "out", options); });
  };
  CHECK(make(omni, {.component = "thinker"}).empty());
  CHECK(make(omni, {.component = "talker"}).find("expected talker, found thinker") != std::string::npos);
  CHECK(make(plain, {.component = "thinker"}).find("found a text model") != std::string::npos);
  CHECK(make(plain, {.layers = {1, 3}}).find("below 3, found 1 to 3") != std::string::npos);
  CHECK(make(plain, {.experts = moe::ExpertSelection::range({16, 17})}).find("below 16") !=
        std::string::npos);

  std::filesystem::create_directories(directory / "out");
  CHECK(make(plain, {}).empty());
  directory.write("out/mine.txt", "mine");
  CHECK(make(plain, {}).find("something else") != std::string::npos);
  CHECK(moe::detail::is_file(directory / "out/mine.txt"));
}

TEST_CASE("extraction: the same once more is done at once, another into the same place is refused") {
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
    "extraction: a part of the experts opens with allow_partial only, and routers choose from that part") {
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

TEST_CASE("extraction: a part of the layers is storage only") {
  const TemporaryDirectory directory;
  extract(bundled_model(), directory / "out", {.layers = {2, 3}});
  CHECK_NOTHROW(moe::Verification(directory / "out").run());
  CHECK(moe::ExpertCatalog(moe::Checkpoint(directory / "out")).experts(2) == 128);
  for (const bool allow : {false, true})
    check_error([&] { moe::open(directory / "out", {.allow_partial = allow}); },
                {"layers", "all 6", "nothing of layers [0, 1, 4, 5]"});
  check_error([&] { extract(directory / "out", directory / "twice", {.layers = {0, 6}}); }, {"below 6"});
}

TEST_CASE("extraction: verification misses the file of the experts") {
  const TemporaryDirectory directory;
  extract(golden("plain-bf16"), directory / "out");
  std::filesystem::remove(directory / "out/experts.gguf");
  check_error([&] { moe::Verification verification(directory / "out"); }, {"experts.gguf", "opening"});
}

TEST_CASE("extraction: a flipped byte is found, wherever it is, by verification and where experts are read") {
  const TemporaryDirectory directory;
  extract(golden("plain-bf16"), directory / "out");
  for (const char* name : {"out/dense.gguf", "out/experts.gguf"}) {
    const std::string path = directory / name;
    const std::uint64_t size = std::filesystem::file_size(path);
    for (std::uint64_t at = 40; at < size; at += size / 61) {
      CAPTURE(at);
      flip(path, at);
      check_error([&] { moe::Verification(directory / "out").run(); }, {});
      flip(path, at);
    }
  }
  CHECK_NOTHROW(moe::Verification(directory / "out").run());

  const moe::ExpertCatalog catalog(moe::Checkpoint(directory / "out"));
  flip(directory / "out/experts.gguf", catalog.at({1, 5}).up.offset + 7);
  check_error([&] { moe::Verification(directory / "out").run(); },
              {"experts.gguf: blk.1.ffn_up.5.weight", "CRC-32C"});
  for (const bool direct : {false, true}) {
    moe::ReadProvider reading(catalog, {.direct = direct, .verify = true});
    CHECK_NOTHROW(reading.acquire({1, 4}));
    check_error([&] { reading.acquire({1, 5}); }, {"experts.gguf: up of expert 5 of layer 1", "CRC-32C"});
  }
  CHECK_NOTHROW(moe::ReadProvider(catalog).acquire({1, 5}));
  check_error([&] { moe::ReadProvider(moe::Checkpoint(golden("plain-bf16")), {.verify = true}); },
              {"model.safetensors: verifying", "none"});
  check_error([&] { moe::open(directory / "out", {.verify = true}); }, {"up of expert 5 of layer 1"});
  check_error([&] { moe::Verification{golden("plain-f32.gguf")}; }, {"plain-f32.gguf", "moe.crc32c"});
}

TEST_CASE("extraction: goes on where it was interrupted, to the same bytes") {
  const TemporaryDirectory directory;
  extract(bundled_model(), directory / "whole");
  const moe::ExtractOptions options{.checkpoint_bytes = std::size_t{1} << 18};
  const moe::Checkpoint source(bundled_model());
  std::uint64_t done = 0;
  const auto interrupt = [&](std::uint64_t bytes) {
    done += bytes;
    if (done > 10'000'000) moe::detail::fail("test", "progress", "to go on", "an interruption");
  };
  check_error([&] { moe::Extraction(source, directory / "out", options).run(interrupt); },
              {"an interruption"});
  CHECK_FALSE(std::filesystem::exists(directory / "out"));
  check_error([&] { moe::Checkpoint{directory / "out.partial"}; }, {"out.partial"});
  check_error([&] { moe::Checkpoint{directory / "out.partial/result"}; }, {"dense.gguf"});

  check_error([&] { moe::Extraction(source, directory / "out", {.type = moe::DType::q8_0}).run(); },
              {"out.partial: interrupted extraction", "same options"});
  moe::Extraction extraction(source, directory / "out", options);
  CHECK(extraction.bytes_left() < extraction.data_bytes() - 8'000'000);
  std::uint64_t rest = 0;
  const auto count = [&](std::uint64_t bytes) { rest += bytes; };
  extraction.run(count);
  CHECK(rest < extraction.data_bytes() - 8'000'000);
  for (const char* file : {"dense.gguf", "experts.gguf", "tokenizer.json"})
    CHECK(moe::detail::read_text(directory / "out/" + file) ==
          moe::detail::read_text(directory / "whole/" + file));
  CHECK_FALSE(std::filesystem::exists(directory / "out.partial"));
}

#if !defined(_WIN32)

TEST_CASE("extraction: refuses to begin when the disk has no room, with the numbers") {
  const TemporaryDirectory directory;
  const std::uint64_t bytes = std::uint64_t{4} << 40;  // of nothing: the file has a hole
  directory.write("config.json", R"({"model_type": "qwen3_moe", "num_hidden_layers": 1})");
  const std::string header = R"({"model.embed_tokens.weight":{"dtype":"F32","shape":[)" +
                             std::to_string(bytes / 4096) + R"(,1024],"data_offsets":[0,)" +
                             std::to_string(bytes) + "]}}";
  const std::string file = directory.write("model.safetensors", safetensors(header, ""));
  std::filesystem::resize_file(file, std::filesystem::file_size(file) + bytes);
  check_error([&] { extract(directory.path(), directory / "out"); },
              {"out: free space", std::to_string(bytes) + " bytes", "found"});
  CHECK_FALSE(std::filesystem::exists(directory / "out"));
  CHECK_FALSE(std::filesystem::exists(directory / "out.partial"));
}

#endif
