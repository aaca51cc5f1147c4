// SPDX-License-Identifier: MIT
// The layouts in which Hugging Face checkpoints store experts; gguf_layouts.cpp tests GGUF files.
#include "detail/core/dequantise.hpp"
#include "detail/core/dtype.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/experts/matrix_decoder.hpp"
#include "detail/experts/matrix_locator.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/spec/model_source.hpp"
#include "support/check_expert_numbers.hpp"
#include "support/expert_files.hpp"
#include "support/expert_layouts.hpp"
#include "support/test_data.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

namespace {

/// Adds the tensors gate_up [E, 2F, H], with the rows of gate first, and down [E, H, F].
void add_fused_experts(ExpertFiles& files, const std::string& gate_up, const std::string& down,
                       std::size_t experts, std::size_t hidden, std::size_t width) {
  files.add(gate_up, "BF16", {experts, 2 * width, hidden}, [=](std::size_t e, std::size_t r, std::size_t c) {
    return expert_number(e, r / width, r % width, c);
  });
  files.add(down, "BF16", {experts, hidden, width},
            [](std::size_t e, std::size_t r, std::size_t c) { return expert_number(e, 2, r, c); });
}

/// The value of a byte of e4m3, by the definition of the format.
float e4m3_value(unsigned byte) {
  const int exponent = static_cast<int>(byte >> 3 & 15), mantissa = static_cast<int>(byte & 7);
  const float magnitude = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -9)
                                        : std::ldexp(1 + static_cast<float>(mantissa) / 8, exponent - 7);
  return byte & 128 ? -magnitude : magnitude;
}

unsigned byte_of(const moe::Checkpoint& checkpoint, const std::string& name, std::size_t at) {
  return std::to_integer<unsigned>(checkpoint.bytes(checkpoint.at(name))[at]);
}

}  // namespace

TEST_CASE("layouts: fused experts are found under the names of several families") {
  ExpertFiles qwen, granite, gemma, lfm;
  add_fused_experts(qwen, "model.layers.0.mlp.experts.gate_up_proj", "model.layers.0.mlp.experts.down_proj",
                    3, 6, 4);
  check_expert_numbers(moe::ExpertCatalog(qwen.open("qwen3_5_moe_text")), three_matrices);
  add_fused_experts(granite, "model.layers.0.block_sparse_moe.input_linear.weight",
                    "model.layers.0.block_sparse_moe.output_linear.weight", 3, 6, 4);
  check_expert_numbers(moe::ExpertCatalog(granite.open("granitemoe")), three_matrices);
  add_fused_experts(gemma, "model.language_model.layers.0.experts.gate_up_proj",
                    "model.language_model.layers.0.experts.down_proj", 3, 6, 4);
  check_expert_numbers(moe::ExpertCatalog(gemma.open("gemma4_text")), three_matrices);
  add_fused_experts(lfm, "model.layers.0.feed_forward.experts.gate_up_proj",
                    "model.layers.0.feed_forward.experts.down_proj", 3, 6, 4);
  const moe::ExpertCatalog catalog(lfm.open("lfm2_moe"));
  check_expert_numbers(catalog, three_matrices);
  CHECK(catalog.is_plain());
}

TEST_CASE("layouts: experts in tensors of their own are found under the names of Mixtral") {
  ExpertFiles files;
  for (std::size_t e = 0; e < 11; ++e) {
    const std::string prefix = "model.layers.0.block_sparse_moe.experts." + std::to_string(e);
    files.add_part(prefix + ".w1.weight", e, 0, 4, 6).add_part(prefix + ".w2.weight", e, 2, 6, 4);
    files.add_part(prefix + ".w3.weight", e, 1, 4, 6);
  }
  const moe::ExpertCatalog catalog(files.open("mixtral"));
  CHECK(catalog.size() == 11);
  check_expert_numbers(catalog, three_matrices);
}

TEST_CASE("layouts: transposed experts are read with the columns of gate first, whatever the sizes are") {
  for (const auto& sizes : {std::pair{6u, 4u}, {8u, 4u}, {4u, 4u}, {4u, 8u}, {80u, 70u}}) {
    const std::size_t hidden = sizes.first, width = sizes.second;
    CAPTURE(hidden);
    ExpertFiles files;
    add_transposed_experts(files, 3, hidden, width, false);
    const moe::ExpertCatalog catalog(files.open("qwen3_moe"));
    check_expert_numbers(catalog, three_matrices);
    CHECK_FALSE(catalog.is_plain());
    CHECK(catalog.at({0, 0}).bytes() == 6 * hidden * width);
    CHECK(catalog.at({0, 0}).stored_bytes() == catalog.at({0, 0}).bytes());
  }
}

TEST_CASE(
    "layouts: transposed experts of gpt-oss are read; columns of gate and up, and their biases, alternate") {
  ExpertFiles files;
  add_transposed_experts(files, 3, 12, 10, true);
  const moe::ExpertCatalog catalog(files.open("gpt_oss"));
  check_expert_numbers(catalog, all_six_parts);
  CHECK(catalog.at({0, 1}).gate_bias.cols == 10);
  CHECK(catalog.at({0, 1}).down_bias.cols == 12);
  CHECK(catalog.at({0, 1}).stored_bytes() == catalog.at({0, 1}).bytes());
}

TEST_CASE("layouts: MXFP4 of gpt-oss has the values that its bytes define") {
  constexpr std::size_t hidden = 64, width = 96;
  ExpertFiles files;
  add_mxfp4_experts(files, 3, hidden, width);
  const moe::Checkpoint checkpoint =
      files.open("gpt_oss", R"("num_hidden_layers": 1, "quantization_config": {"quant_method": "mxfp4"})");
  const moe::ExpertCatalog catalog(checkpoint);
  CHECK(catalog.at({0, 0}).gate.dtype == moe::DType::mxfp4);
  constexpr std::array<float, 8> magnitudes{0, .5f, 1, 1.5f, 2, 3, 4, 6};
  check_expert_numbers(
      catalog, all_six_parts, [&](std::size_t e, std::size_t part, std::size_t row, std::size_t col) {
        if (part >= 3) return expert_number(e, part, row, col);
        const std::string name =
            part < 2 ? "model.layers.0.mlp.experts.gate_up_proj" : "model.layers.0.mlp.experts.down_proj";
        const std::size_t rows = part < 2 ? 2 * width : hidden, blocks = (part < 2 ? hidden : width) / 32;
        const std::size_t block = (e * rows + (part < 2 ? 2 * row + part : row)) * blocks + col / 32;
        const unsigned pair = byte_of(checkpoint, name + "_blocks", block * 16 + col % 32 / 2);
        const unsigned number = col % 2 == 0 ? pair & 15 : pair >> 4;
        const float magnitude = std::ldexp(
            magnitudes[number & 7], static_cast<int>(byte_of(checkpoint, name + "_scales", block)) - 127);
        return number & 8 ? -magnitude : magnitude;
      });
}

TEST_CASE("layouts: FP8 is multiplied by the scales of its blocks, the last of which are incomplete") {
  struct Sizes {
    std::size_t hidden, width, block_rows, block_cols;
    moe::DType gate, down;
  };
  for (const Sizes& sizes : {Sizes{64, 96, 32, 32, moe::DType::f8_e4m3, moe::DType::f8_e4m3},
                             Sizes{160, 40, 128, 128, moe::DType::f8_e4m3, moe::DType::f32},
                             Sizes{64, 64, 16, 24, moe::DType::f32, moe::DType::f32}}) {
    const std::size_t hidden = sizes.hidden, width = sizes.width, block_rows = sizes.block_rows,
                      block_cols = sizes.block_cols;
    ExpertFiles files;
    for (const std::string e : {"0", "1"}) {
      const std::string prefix = "model.layers.0.mlp.experts." + e;
      add_fp8_matrix(files, prefix + ".gate_proj.weight", width, hidden, block_rows, block_cols);
      add_fp8_matrix(files, prefix + ".up_proj.weight", width, hidden, block_rows, block_cols, "BF16");
      add_fp8_matrix(files, prefix + ".down_proj.weight", hidden, width, block_rows, block_cols);
    }
    const moe::Checkpoint checkpoint = files.open("qwen3_moe", fp8_config + "[" + std::to_string(block_rows) +
                                                                   ", " + std::to_string(block_cols) + "]}");
    const moe::ExpertCatalog catalog(checkpoint);
    CHECK(catalog.at({0, 1}).gate.dtype == sizes.gate);
    CHECK(catalog.at({0, 1}).down.dtype == sizes.down);
    check_expert_numbers(
        catalog, three_matrices, [&](std::size_t e, std::size_t part, std::size_t row, std::size_t col) {
          constexpr std::array<const char*, 3> names{".gate_proj.weight", ".up_proj.weight",
                                                     ".down_proj.weight"};
          const std::string name = "model.layers.0.mlp.experts." + std::to_string(e) + names[part];
          const float factor = static_cast<float>(1 << (row / block_rows * 3 + col / block_cols) % 8) / 8;
          return e4m3_value(byte_of(checkpoint, name, row * (part == 2 ? width : hidden) + col)) * factor;
        });
  }
}

TEST_CASE("layouts: fused experts in FP8 are read with the scales of their blocks") {
  constexpr std::size_t experts = 3, hidden = 64, width = 32;
  ExpertFiles files;
  const auto factor = [](std::size_t e, std::size_t r, std::size_t c) {
    return static_cast<float>(1 + e * 8 + r * 2 + c);
  };
  const std::string prefix = "model.layers.0.mlp.experts.";
  const auto add = [&](const std::string& name, std::size_t rows, std::size_t cols) {
    std::string bytes = some_bytes(experts * rows * cols, 9);
    for (char& byte : bytes) byte = static_cast<char>(byte & 0x77);
    files.add_bytes(prefix + name, "F8_E4M3", {experts, rows, cols}, bytes);
    files.add(prefix + name + "_scale_inv", "F32", {experts, rows / 32, cols / 32}, factor);
  };
  add("gate_up_proj", 2 * width, hidden);
  add("down_proj", hidden, width);
  const moe::Checkpoint checkpoint = files.open("qwen3_moe", fp8_config + "[32, 32]}");
  check_expert_numbers(moe::ExpertCatalog(checkpoint), three_matrices,
                       [&](std::size_t e, std::size_t part, std::size_t row, std::size_t col) {
                         const std::size_t r = part == 1 ? row + width : row, rows = hidden,
                                           cols = part == 2 ? width : hidden;
                         const std::string name = prefix + (part == 2 ? "down_proj" : "gate_up_proj");
                         return e4m3_value(byte_of(checkpoint, name, (e * rows + r) * cols + col)) *
                                factor(e, r / 32, col / 32);
                       });
}

TEST_CASE("layouts: networks of two matrices, apart and merged, have no gate") {
  ExpertFiles apart, merged;
  add_two_matrix_experts(apart, 3, 6, 4);
  const moe::ExpertCatalog catalog(apart.open("nemotron_h", nemotron_config));
  check_expert_numbers(catalog, up_and_down);
  CHECK(catalog.first_of(0)->gate.rows == 0);
  CHECK(catalog.first_of(0)->bytes() == 2 * 6 * 4 * 2);
  merged.add("backbone.layers.0.mixer.experts.up_proj", "BF16", {3, 4, 6},
             [](std::size_t e, std::size_t r, std::size_t c) { return expert_number(e, 1, r, c); });
  merged.add("backbone.layers.0.mixer.experts.down_proj", "BF16", {3, 6, 4},
             [](std::size_t e, std::size_t r, std::size_t c) { return expert_number(e, 2, r, c); });
  check_expert_numbers(moe::ExpertCatalog(merged.open("nemotron_h", nemotron_config)), up_and_down);
}

TEST_CASE("layouts: biases of experts are read from tensors of their own") {
  ExpertFiles files;
  for (std::size_t e = 0; e < 3; ++e) {
    const std::string prefix = "model.layers.0.mlp.experts." + std::to_string(e);
    files.add_part(prefix + ".gate_proj.weight", e, 0, 4, 6).add_part(prefix + ".up_proj.weight", e, 1, 4, 6);
    files.add_part(prefix + ".down_proj.weight", e, 2, 6, 4).add_part(prefix + ".gate_proj.bias", e, 3, 1, 4);
    files.add_part(prefix + ".up_proj.bias", e, 4, 1, 4).add_part(prefix + ".down_proj.bias", e, 5, 1, 6);
  }
  const moe::ExpertCatalog catalog(files.open("gpt_oss"));
  check_expert_numbers(catalog, all_six_parts);
  CHECK(catalog.is_plain());
}

TEST_CASE("layouts: layers may have experts of different widths and numbers, or none") {
  ExpertFiles files;
  add_fused_experts(files, "model.layers.0.mlp.experts.gate_up_proj", "model.layers.0.mlp.experts.down_proj",
                    3, 6, 4);
  add_fused_experts(files, "model.layers.2.mlp.experts.gate_up_proj", "model.layers.2.mlp.experts.down_proj",
                    5, 6, 2);
  const moe::ExpertCatalog catalog(files.open("qwen3_moe", R"("num_hidden_layers": 3)"));
  check_expert_numbers(catalog, three_matrices);
  check_expert_numbers(catalog, three_matrices, expert_number, 2);
  CHECK(catalog.experts(1) == 0);
  CHECK(catalog.first_of(1) == nullptr);
  CHECK(catalog.first_of(2)->up.rows == 2);
  CHECK(catalog.index({2, 4}) == 7);
}

TEST_CASE("layouts: every checkpoint of another implementation has a catalog" *
          doctest::test_suite("real-data")) {
  struct Sample {
    const char* name;
    std::size_t layer, experts, width, hidden;
    bool gate, biases;
  };
  for (const Sample& sample :
       {Sample{"deepseek_v3_bf16", 1, 16, 32, 64, true, false},
        Sample{"gemma4-moe-f32", 1, 10, 16, 64, true, false},
        Sample{"glm4_moe_lite", 1, 8, 32, 64, true, false}, Sample{"gpt_oss_mxfp4", 1, 8, 64, 64, true, true},
        Sample{"granitemoehybrid", 1, 8, 32, 64, true, false},
        Sample{"lfm2moe-f32", 3, 8, 24, 64, true, false}, Sample{"minimax_m2", 1, 8, 40, 64, true, false},
        Sample{"mixtral", 1, 8, 40, 64, true, false}, Sample{"nemotron_h", 1, 8, 40, 64, false, false},
        Sample{"qwen3_5_moe", 1, 12, 16, 64, true, false}, Sample{"gpt-oss.gguf", 1, 8, 32, 64, true, true},
        Sample{"gemma4-moe.gguf", 1, 10, 16, 64, true, false},
        Sample{"nemotron_h_moe.gguf", 1, 8, 40, 64, false, false},
        Sample{"granitemoe.gguf", 1, 8, 32, 64, true, false},
        Sample{"omni-thinker-bf16-sharded", 1, 16, 32, 64, true, false}}) {
    const std::string name = sample.name;
    CAPTURE(name);
    const auto path = test_data("golden/" + name);
    if (!path) return;
    const moe::ExpertCatalog catalog{moe::Checkpoint(*path)};
    CHECK(catalog.experts(sample.layer) == sample.experts);
    CHECK(catalog.missing() == 0);
    const moe::ExpertLocation* first = catalog.first_of(sample.layer);
    REQUIRE(first);
    CHECK(first->up.rows == sample.width);
    CHECK(first->up.cols == sample.hidden);
    CHECK((first->gate.rows > 0) == sample.gate);
    CHECK((first->down_bias.rows > 0) == sample.biases);
  }
}

TEST_CASE("layouts: rows of an FP8 matrix are read with the scales of their blocks, wherever they begin") {
  ExpertFiles files;
  const std::string name = "model.layers.0.self_attn.q_b_proj.weight";
  add_fp8_matrix(files, name, 96, 64, 32, 32);
  const moe::Checkpoint checkpoint = files.open("deepseek_v3", fp8_config + "[32, 32]}");
  const moe::detail::MatrixLocator locator(checkpoint, moe::detail::ModelSource(checkpoint).quantisation());
  const moe::detail::MatrixStack stack = locator.stack(checkpoint.at(name), 2);
  for (const auto& range : {std::pair{0u, 96u}, {32u, 32u}, {24u, 50u}, {95u, 1u}}) {
    const std::size_t first = range.first, rows = range.second;
    CAPTURE(first);
    const moe::MatrixLocation location = locator.rows_of(stack, 0, first, rows);
    std::vector<std::byte> memory(location.bytes());
    const moe::Matrix matrix = moe::detail::read_matrix(checkpoint, location, memory.data());
    std::size_t wrong = 0;
    for (std::size_t r = 0; r < matrix.rows; ++r) {
      const std::vector<float> values = moe::detail::dequantise(matrix.row(r));
      const std::size_t row = first + r;
      for (std::size_t c = 0; c < 64; ++c)
        wrong += values[c] != e4m3_value(byte_of(checkpoint, name, row * 64 + c)) *
                                  static_cast<float>(1 << (row / 32 * 3 + c / 32) % 8) / 8;
    }
    CHECK(wrong == 0);
  }
}
