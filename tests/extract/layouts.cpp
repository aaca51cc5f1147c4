// SPDX-License-Identifier: MIT
// Extractions of experts and weights in all layouts that a checkpoint may have.
#include "detail/core/blocks_of_32.hpp"
#include "detail/core/dequantise.hpp"
#include "detail/core/dtype.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/experts/read_provider.hpp"
#include "detail/extract/expert_selection.hpp"
#include "detail/extract/extraction.hpp"
#include "detail/extract/verification.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/io/file.hpp"
#include "detail/io/gguf_parser.hpp"
#include "detail/spec/model_spec.hpp"
#include "experts/contract.hpp"
#include "support/expected_experts.hpp"
#include "support/expert_files.hpp"
#include "support/expert_layouts.hpp"
#include "support/gguf_builder.hpp"
#include "support/message_of.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_data.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace {

/// Checks that all experts of two checkpoints have the same bytes in memory.
void check_same_experts(const moe::Checkpoint& a, const moe::Checkpoint& b) {
  const moe::ExpertCatalog of_a(a), of_b(b);
  REQUIRE(std::equal(of_a.ids().begin(), of_a.ids().end(), of_b.ids().begin(), of_b.ids().end()));
  REQUIRE(of_a.size() > 0);
  const DecodedExperts expected(a), found(b);
  for (const moe::ExpertId id : of_a.ids())
    CHECK(contract::same(expected.experts().at(id), found.experts().at(id)));
}

/// Checks that an extraction has the same experts as the source and passes verification, and that a second extraction, made
/// from the first, writes the same files.
void check_extraction(const moe::Checkpoint& source) {
  const TemporaryDirectory directory;
  moe::Extraction(source, directory / "once").run();
  const moe::Checkpoint once(directory / "once");
  check_same_experts(source, once);
  moe::Extraction(once, directory / "twice").run();
  for (const char* file : {"dense.gguf", "experts.gguf"})
    CHECK(moe::detail::read_text(directory / "once/" + file) ==
          moe::detail::read_text(directory / "twice/" + file));
  CHECK_NOTHROW(moe::Verification(directory / "once").run());
  for (const bool direct : {false, true}) {
    moe::ReadProvider reading(once, {.direct = direct, .verify = true});
    const DecodedExperts expected(source);
    for (const auto& [id, weights] : expected.experts()) CHECK(contract::same(*reading.acquire(id), weights));
  }
}

const std::string mxfp4_source =
    R"("num_hidden_layers": 1, "quantization_config": {"quant_method": "mxfp4"})";

std::vector<std::string> names_of(const moe::Checkpoint& checkpoint) {
  std::vector<std::string> out;
  for (const moe::TensorInfo& tensor : checkpoint.tensors()) out.push_back(tensor.name);
  return out;
}

moe::TensorInfo tensor_of(const moe::Checkpoint& checkpoint, const std::string& name) {
  return checkpoint.at(name);
}

TensorNumbers some_numbers() {
  return [](std::size_t o, std::size_t r, std::size_t c) { return expert_number(o, 0, r, c); };
}

}  // namespace

TEST_CASE("extraction: transposed experts become matrices, with the same bytes in memory") {
  for (const bool alternate : {false, true}) {
    ExpertFiles files;
    add_transposed_experts(files, 3, 70, 66, alternate);
    check_extraction(files.open(alternate ? "gpt_oss" : "qwen3_moe"));
  }
}

TEST_CASE("extraction: MXFP4 experts are stored as MXFP4 of GGUF, with their biases") {
  ExpertFiles files;
  add_mxfp4_experts(files, 3, 64, 96);
  const moe::Checkpoint source = files.open("gpt_oss", mxfp4_source);
  check_extraction(source);
  const TemporaryDirectory directory;
  moe::Extraction(source, directory / "out").run();
  const moe::Checkpoint out(directory / "out");
  CHECK(tensor_of(out, "model.layers.0.mlp.experts.2.gate_proj.weight").dtype_name == "MXFP4");
  CHECK(tensor_of(out, "model.layers.0.mlp.experts.2.up_proj.bias").shape == std::vector<std::uint64_t>{96});
  CHECK(moe::ExpertCatalog(out).is_plain());
}

TEST_CASE("extraction: FP8 experts keep their bytes and scales, in blocks of any size") {
  for (const std::string block : {"[32, 32]", "[16, 24]", "[128, 128]"}) {
    ExpertFiles files;
    const std::size_t rows = std::stoul(block.substr(1)), cols = std::stoul(block.substr(block.find(' ')));
    for (const std::string e : {"0", "1"}) {
      const std::string prefix = "model.layers.0.mlp.experts." + e;
      add_fp8_matrix(files, prefix + ".gate_proj.weight", 96, 64, rows, cols);
      add_fp8_matrix(files, prefix + ".up_proj.weight", 96, 64, rows, cols, "BF16");
      add_fp8_matrix(files, prefix + ".down_proj.weight", 64, 96, rows, cols);
    }
    check_extraction(files.open("qwen3_moe", fp8_config + block + "}"));
  }
}

TEST_CASE("extraction: fused FP8 experts become one tensor with scales for each matrix") {
  ExpertFiles files;
  const std::string prefix = "model.layers.0.mlp.experts.";
  files.add_bytes(prefix + "gate_up_proj", "F8_E4M3", {2, 64, 96}, std::string(2 * 64 * 96, 'x'));
  files.add(prefix + "gate_up_proj_scale_inv", "F32", {2, 2, 3}, some_numbers());
  files.add_bytes(prefix + "down_proj", "F8_E4M3", {2, 96, 32}, std::string(2 * 96 * 32, 'y'));
  files.add(prefix + "down_proj_scale_inv", "F32", {2, 3, 1}, some_numbers());
  check_extraction(files.open("qwen3_moe", fp8_config + "[32, 32]}"));
}

TEST_CASE("extraction: networks of two matrices are extracted") {
  ExpertFiles files;
  add_two_matrix_experts(files, 3, 64, 96);
  const moe::Checkpoint source = files.open("nemotron_h", nemotron_config);
  check_extraction(source);
  const TemporaryDirectory directory;
  moe::Extraction extraction(source, directory / "out");
  CHECK(extraction.experts() == 3);
  extraction.run();
  CHECK(tensor_of(moe::Checkpoint(directory / "out"), "backbone.layers.0.mixer.experts.2.up_proj.weight")
            .shape == std::vector<std::uint64_t>{96, 64});
}

TEST_CASE("extraction: if a family has no names for single experts, the extraction names them by number") {
  for (const auto& [model_type, prefix, gate_up, down, name] :
       {std::array<const char*, 5>{"granitemoe", "model.", "block_sparse_moe.input_linear.weight",
                                   "block_sparse_moe.output_linear.weight",
                                   "model.layers.0.mlp.experts.1.up_proj.weight"},
        {"gemma4", "model.language_model.", "experts.gate_up_proj", "experts.down_proj",
         "model.layers.0.experts.1.up_proj.weight"},
        {"qwen3_5_moe", "model.language_model.", "mlp.experts.gate_up_proj", "mlp.experts.down_proj",
         "model.layers.0.mlp.experts.1.up_proj.weight"}}) {
    ExpertFiles files;
    files.add(std::string(prefix) + "layers.0." + gate_up, "BF16", {2, 8, 6}, some_numbers());
    files.add(std::string(prefix) + "layers.0." + down, "BF16", {2, 6, 4}, some_numbers());
    files.add(std::string(prefix) + "embed_tokens.weight", "BF16", {5, 6}, some_numbers());
    const moe::Checkpoint source = files.open(
        model_type, R"("hidden_size": 6, "num_hidden_layers": 1, "text_config": {"num_hidden_layers": 1})");
    check_extraction(source);
    const TemporaryDirectory directory;
    moe::Extraction(source, directory / "out").run();
    const moe::Checkpoint out(directory / "out");
    CHECK(out.find(name) != nullptr);
    CHECK(out.find("model.embed_tokens.weight") != nullptr);
  }
}

TEST_CASE("extraction: GGUF files keep their names and metadata, and get tensors for each expert") {
  GgufBuilder file;
  file.value("general.architecture", "gpt-oss")
      .value("gpt-oss.block_count", 2u)
      .value("gpt-oss.expert_count", 2u);
  file.value("gpt-oss.nextn_predict_layers", 1u).value("mine", "kept");
  const auto add = [&](const std::string& name, const std::vector<std::uint64_t>& sizes) {
    file.tensor(name, sizes, 0, tensor_bytes("F32", {sizes.rbegin(), sizes.rend()}, some_numbers()));
  };
  add("blk.0.ffn_gate_exps.weight", {6, 4, 2});
  add("blk.0.ffn_up_exps.weight", {6, 4, 2});
  add("blk.0.ffn_down_exps.weight", {4, 6, 2});
  add("blk.0.ffn_gate_exps.bias", {4, 2});
  add("blk.0.ffn_up_exps.bias", {4, 2});
  add("blk.0.ffn_down_exps.bias", {6, 2});
  add("blk.0.ffn_down_exps.scale", {2});
  add("blk.0.ffn_gate_inp.weight", {6, 2});
  add("blk.1.nextn.enorm.weight", {6});
  add("rope_freqs.weight", {2});
  const TemporaryDirectory directory;
  const moe::Checkpoint source(directory.write("model.gguf", file.file()));
  check_extraction(source);
  moe::Extraction(source, directory / "out").run();
  const std::vector<std::string> expected{
      "blk.0.ffn_down.0.bias",     "blk.0.ffn_down.0.weight",   "blk.0.ffn_down.1.bias",
      "blk.0.ffn_down.1.weight",   "blk.0.ffn_down_exps.scale", "blk.0.ffn_gate.0.bias",
      "blk.0.ffn_gate.0.weight",   "blk.0.ffn_gate.1.bias",     "blk.0.ffn_gate.1.weight",
      "blk.0.ffn_gate_inp.weight", "blk.0.ffn_up.0.bias",       "blk.0.ffn_up.0.weight",
      "blk.0.ffn_up.1.bias",       "blk.0.ffn_up.1.weight",     "rope_freqs.weight"};
  CHECK(names_of(moe::Checkpoint(directory / "out")) == expected);
  const auto contents = moe::detail::parse_gguf(moe::File(directory / "out/dense.gguf"));
  CHECK(contents.metadata.text("mine") == "kept");
  CHECK(contents.metadata.text("general.architecture") == "gpt-oss");
  CHECK(contents.metadata.whole("moe.experts") == 2);
}

TEST_CASE(
    "extraction: a Hugging Face checkpoint keeps its tensor names, and config.json becomes moe.config") {
  ExpertFiles files;
  files.add("model.embed_tokens.weight", "BF16", {5, 32}, some_numbers())
      .add("model.norm.weight", "BF16", {32}, some_numbers());
  files.add("lm_head.weight", "BF16", {5, 32}, some_numbers())
      .add("model.layers.0.layer_scalar", "F32", {1}, some_numbers());
  files.add_bytes("model.layers.0.scalar", "F32", {}, "1234");
  files.add("model.layers.0.conv.conv.weight", "BF16", {32, 1, 3}, some_numbers());
  files.add("model.layers.1.input_layernorm.weight", "BF16", {32}, some_numbers());  // a draft layer
  files.add("model.mtp.norm.weight", "BF16", {32}, some_numbers())
      .add("mtp.fc.weight", "BF16", {2, 32}, some_numbers());
  files.add("model.visual.blocks.0.attn.qkv.weight", "BF16", {2, 32}, some_numbers());
  files.add_bytes("talker.codes", "U8", {3}, "abc");
  const std::string members = "\"num_hidden_layers\" : 1,\n  \"x\": [1e0]";
  const TemporaryDirectory directory;
  moe::Extraction(files.open("qwen3_moe", members), directory / "out").run();
  const moe::Checkpoint out(directory / "out");
  CHECK(names_of(out) == std::vector<std::string>{
                             "lm_head.weight", "model.embed_tokens.weight", "model.layers.0.conv.conv.weight",
                             "model.layers.0.layer_scalar", "model.layers.0.scalar", "model.norm.weight"});
  CHECK(tensor_of(out, "model.layers.0.scalar").shape == std::vector<std::uint64_t>{1});
  CHECK(tensor_of(out, "model.layers.0.conv.conv.weight").shape == std::vector<std::uint64_t>{32, 1, 3});
  const auto contents = moe::detail::parse_gguf(moe::File(directory / "out/dense.gguf"));
  CHECK(contents.metadata.text("general.architecture") == "moe");
  CHECK(contents.metadata.text("moe.config") == "{\"model_type\": \"qwen3_moe\", " + members + "}");
  CHECK(contents.metadata.whole("moe.experts") == 0);
  CHECK_NOTHROW(moe::Verification(directory / "out").run());
}

TEST_CASE("extraction: only matrices that kernels multiply are converted by dense_type") {
  ExpertFiles files;
  const std::string layer = "model.layers.0.";
  for (const std::string name : {"self_attn.q_proj.weight", "self_attn.kv_b_proj.weight", "mlp.gate.weight",
                                 "mlp.shared_experts.up_proj.weight", "unknown.weight"})
    files.add(layer + name, "BF16", {32, 64}, some_numbers());
  files.add(layer + "input_layernorm.weight", "BF16", {64}, some_numbers())
      .add(layer + "mlp.shared_expert_gate.weight", "BF16", {1, 64}, some_numbers());
  files.add("model.embed_tokens.weight", "BF16", {5, 64}, some_numbers());
  const TemporaryDirectory directory;
  moe::Extraction(files.open("deepseek_v3"), directory / "out", {.dense_type = moe::DType::q8_0}).run();
  const moe::Checkpoint out(directory / "out");
  CHECK(tensor_of(out, layer + "self_attn.q_proj.weight").dtype == moe::DType::q8_0);
  CHECK(tensor_of(out, layer + "mlp.shared_experts.up_proj.weight").dtype == moe::DType::q8_0);
  CHECK(tensor_of(out, "model.embed_tokens.weight").dtype == moe::DType::q8_0);
  for (const std::string name : {"self_attn.kv_b_proj.weight", "mlp.gate.weight", "unknown.weight",
                                 "input_layernorm.weight", "mlp.shared_expert_gate.weight"})
    CHECK(tensor_of(out, layer + name).dtype == moe::DType::bf16);
}

TEST_CASE("extraction: dense FP8 weights keep their bytes and scales; converted weights have no scales") {
  ExpertFiles files;
  const std::string query = "model.layers.0.self_attn.q_proj.weight";
  add_fp8_matrix(files, query, 64, 96, 32, 32);
  const moe::Checkpoint source = files.open("qwen3_moe", fp8_config + "[32, 32]}");
  const TemporaryDirectory directory;
  moe::Extraction(source, directory / "kept").run();
  moe::Extraction(source, directory / "converted", {.dense_type = moe::DType::f32}).run();
  const moe::Checkpoint kept(directory / "kept"), converted(directory / "converted");
  CHECK(tensor_of(kept, query).dtype_name == "I8");
  for (const std::string& name : {query, query + "_scale_inv"}) {
    const auto of_source = source.bytes(source.at(name)), of_kept = kept.bytes(kept.at(name));
    CHECK(std::equal(of_source.begin(), of_source.end(), of_kept.begin(), of_kept.end()));
  }
  CHECK(names_of(converted) == std::vector<std::string>{query});
  const auto numbers = source.bytes(source.at(query));
  const std::vector<float> values = moe::detail::dequantise(converted.matrix(query, 64, 96).row(33));
  for (std::size_t c = 0; c < 96; ++c) {
    const float scale = static_cast<float>(1 << (3 + c / 32)) / 8;
    CHECK(values[c] ==
          moe::detail::e4m3_to_float(std::to_integer<std::uint8_t>(numbers[33 * 96 + c])) * scale);
  }
}

TEST_CASE("extraction: experts of every layout can be converted, and their biases keep their type") {
  ExpertFiles transposed, mxfp4, fp8;
  add_transposed_experts(transposed, 2, 64, 96, true);
  add_mxfp4_experts(mxfp4, 2, 64, 96);
  add_fp8_experts(fp8, 2, 64, 96);
  for (const moe::Checkpoint& source : {transposed.open("gpt_oss"), mxfp4.open("gpt_oss", mxfp4_source),
                                        fp8.open("qwen3_moe", fp8_config + "[32, 32]}")}) {
    const TemporaryDirectory directory;
    moe::Extraction extraction(source, directory / "out", {.type = moe::DType::q8_0});
    CHECK(extraction.not_converted().empty());
    extraction.run();
    const moe::Checkpoint out(directory / "out");
    const DecodedExperts expected(source), found(out);
    for (const auto& [id, weights] : found.experts()) {
      CHECK(weights.down.dtype == moe::DType::q8_0);
      CHECK(weights.down_bias.dtype == expected.experts().at(id).down_bias.dtype);
      const std::vector<float> row = moe::detail::dequantise(weights.up.row(5)),
                               wanted = moe::detail::dequantise(expected.experts().at(id).up.row(5));
      float most = 0, worst = 0;
      for (std::size_t c = 0; c < row.size(); ++c) {
        most = std::max(most, std::abs(wanted[c]));
        worst = std::max(worst, std::abs(row[c] - wanted[c]));
      }
      CHECK(worst <= most / 200);
    }
  }
}

TEST_CASE("extraction: FP8 experts stay FP8 if their rows are not whole blocks of the wanted type") {
  ExpertFiles files;
  for (const std::string name : {"gate_proj", "up_proj", "down_proj"})
    add_fp8_matrix(files, "model.layers.0.mlp.experts.0." + name + ".weight", 40, 40, 32, 32);
  const moe::Checkpoint source = files.open("qwen3_moe", fp8_config + "[32, 32]}");
  const TemporaryDirectory directory;
  moe::Extraction extraction(source, directory / "out", {.type = moe::DType::q8_0});
  CHECK(extraction.not_converted().size() == 3);
  extraction.run();
  check_same_experts(source, moe::Checkpoint(directory / "out"));
  check_error([&] { moe::Extraction(source, directory / "x", {.type = moe::DType::mxfp4}); },
              {"type", "q8_0", "mxfp4"});
}

TEST_CASE("extraction: a tensor that keeps its type in the exact file and in the small copy is listed once") {
  ExpertFiles files;
  const std::string prefix = "model.layers.0.mlp.experts.0.";
  files.add(prefix + "gate_proj.weight", "BF16", {40, 64}, some_numbers())
      .add(prefix + "up_proj.weight", "BF16", {40, 64}, some_numbers());
  files.add(prefix + "down_proj.weight", "BF16", {64, 40}, some_numbers());
  const TemporaryDirectory directory;
  const moe::Extraction extraction(files.open("qwen3_moe"), directory / "out",
                                   {.type = moe::DType::q8_0, .also = moe::DType::q4_0});
  CHECK(extraction.not_converted() == std::vector<std::string>{prefix + "down_proj.weight"});
}

TEST_CASE("extraction: a selection applies to layers with different numbers of experts") {
  ExpertFiles files;
  for (const auto& [layer, experts] : {std::pair{"0", 3}, {"2", 5}}) {
    const std::string prefix = std::string("model.layers.") + layer + ".mlp.experts.";
    files.add(prefix + "gate_up_proj", "BF16", {static_cast<std::size_t>(experts), 8, 6}, some_numbers());
    files.add(prefix + "down_proj", "BF16", {static_cast<std::size_t>(experts), 6, 4}, some_numbers());
    files.add(std::string("model.layers.") + layer + ".mlp.gate.weight", "BF16",
              {static_cast<std::size_t>(experts), 6}, some_numbers());
  }
  const moe::Checkpoint source = files.open("qwen3_moe", R"("num_hidden_layers": 3)");
  moe::UsageProfile profile(3, 5);
  profile.add({0, 2}, 7, 1);
  profile.add({0, 0}, 5, 1);
  profile.add({2, 4}, 7, 1);
  const TemporaryDirectory directory;
  moe::Extraction extraction(source, directory / "out",
                             {.experts = moe::ExpertSelection::most_used(profile, 2, "usage.json")});
  CHECK(extraction.experts() == 3);
  CHECK(extraction.experts_left_out() == 5);
  extraction.run();
  const moe::ExpertCatalog catalog(moe::Checkpoint(directory / "out"), {.allow_partial = true});
  CHECK(std::vector<moe::ExpertId>(catalog.ids().begin(), catalog.ids().end()) ==
        std::vector<moe::ExpertId>{{0, 0}, {0, 2}, {2, 4}});
  CHECK(catalog.describe_missing() == "5 of 8 missing: 1 of 3 in layer 0, 4 of 5 in layer 2");
  profile.add({0, 3}, 1, 1);
  check_error(
      [&] {
        moe::Extraction(source, directory / "other",
                        {.experts = moe::ExpertSelection::most_used(profile, 2, "usage.json")});
      },
      {"usage.json: layer 0", "the counts of 3 experts", "expert 3"});
}

TEST_CASE("extraction: tensors that GGUF cannot hold are refused by their names") {
  ExpertFiles bytes, long_name;
  bytes.add_bytes("model.layers.0.codes", "U8", {3}, "abc");
  const TemporaryDirectory directory;
  check_error([&] { moe::Extraction(bytes.open("qwen3_moe"), directory / "out"); },
              {"model.layers.0.codes", "a type that GGUF files can hold", "U8"});
  const std::string name = "model.layers.0." + std::string(50, 'x');
  long_name.add(name, "BF16", {3}, some_numbers());
  check_error([&] { moe::Extraction(long_name.open("qwen3_moe"), directory / "out"); },
              {name, "1 to 64 bytes", "65"});
}

TEST_CASE("extraction: checkpoints that other implementations wrote keep their experts" *
          doctest::test_suite("real-data")) {
  for (const std::string name :
       {"deepseek_v3_bf16", "gemma4-moe-f32", "glm4_moe_lite", "gpt_oss_mxfp4", "granitemoehybrid",
        "lfm2moe-f32", "minimax_m2", "mixtral", "nemotron_h", "qwen3_5_moe", "qwen3_next",
        "omni-thinker-bf16-sharded", "gpt-oss.gguf", "gemma4-moe.gguf", "nemotron_h_moe.gguf",
        "granitemoe.gguf", "llama_mixtral.gguf", "qwen35moe.gguf"}) {
    CAPTURE(name);
    const auto path = test_data("golden/" + name);
    if (!path) return;
    const moe::Checkpoint source(*path);
    check_extraction(source);
    // ModelSpec reads the result without an error, and finds the family, the layers and the experts of the source.
    const TemporaryDirectory directory;
    moe::Extraction(source, directory / "out").run();
    const moe::ModelSpec expected(source), found{moe::Checkpoint(directory / "out")};
    CHECK(found.family == expected.family);
    CHECK(found.layers.size() == expected.layers.size());
    CHECK(found.experts() == expected.experts());
  }
}
