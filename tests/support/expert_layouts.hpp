// SPDX-License-Identifier: MIT
#pragma once
#include "support/expert_files.hpp"
#include "support/gguf_builder.hpp"

#include <cstddef>
#include <string>

// Experts of one layer, one function for each layout of Hugging Face checkpoints that kernels cannot read as it is stored.

/// Adds gate_up_proj [E, H, 2F] and down_proj [E, F, H]. alternate: columns of gate and up alternate, and there are biases, as
/// in gpt-oss; otherwise all columns of gate stand before the columns of up, and there are no biases.
inline void add_transposed_experts(ExpertFiles& files, std::size_t experts, std::size_t hidden,
                                   std::size_t width, bool alternate,
                                   const std::string& prefix = "model.layers.0.mlp.experts.") {
  const auto gate_up = [=](std::size_t expert, std::size_t matrix, std::size_t row, std::size_t col) {
    const std::size_t up = alternate ? col % 2 : col / width, number = alternate ? col / 2 : col % width;
    return expert_number(expert, matrix + up, matrix < 3 ? number : 0, matrix < 3 ? row : number);
  };
  files.add(prefix + "gate_up_proj", "BF16", {experts, hidden, 2 * width},
            [=](std::size_t e, std::size_t r, std::size_t c) { return gate_up(e, 0, r, c); });
  files.add(prefix + "down_proj", "BF16", {experts, width, hidden},
            [=](std::size_t e, std::size_t r, std::size_t c) { return expert_number(e, 2, c, r); });
  if (!alternate) return;
  files.add(prefix + "gate_up_proj_bias", "BF16", {experts, 2 * width},
            [=](std::size_t, std::size_t e, std::size_t c) { return gate_up(e, 3, 0, c); });
  files.add(prefix + "down_proj_bias", "BF16", {experts, hidden},
            [=](std::size_t, std::size_t e, std::size_t c) { return expert_number(e, 5, 0, c); });
}

/// Adds MXFP4 experts as gpt-oss stores them, with biases. The scales lie between 2^-7 and 2^8.
inline void add_mxfp4_experts(ExpertFiles& files, std::size_t experts, std::size_t hidden, std::size_t width,
                              const std::string& prefix = "model.layers.0.mlp.experts.") {
  const auto exponents = [](std::size_t count, std::uint32_t seed) {
    std::string out = some_bytes(count, seed);
    for (char& exponent : out) exponent = static_cast<char>(120 + (exponent & 15));
    return out;
  };
  files.add_bytes(prefix + "gate_up_proj_blocks", "U8", {experts, 2 * width, hidden / 32, 16},
                  some_bytes(experts * width * hidden, 2));
  files.add_bytes(prefix + "gate_up_proj_scales", "U8", {experts, 2 * width, hidden / 32},
                  exponents(experts * 2 * width * hidden / 32, 3));
  files.add_bytes(prefix + "down_proj_blocks", "U8", {experts, hidden, width / 32, 16},
                  some_bytes(experts * hidden * width / 2, 4));
  files.add_bytes(prefix + "down_proj_scales", "U8", {experts, hidden, width / 32},
                  exponents(experts * hidden * width / 32, 5));
  files.add(prefix + "gate_up_proj_bias", "BF16", {experts, 2 * width},
            [](std::size_t, std::size_t e, std::size_t c) { return expert_number(e, 3 + c % 2, 0, c / 2); });
  files.add(prefix + "down_proj_bias", "BF16", {experts, hidden},
            [](std::size_t, std::size_t e, std::size_t c) { return expert_number(e, 5, 0, c); });
}

/// Adds a matrix [rows, cols] of e4m3 bytes, and a factor for each block [block_rows, block_cols]: a power of two from 1/8 to
/// 16.
inline void add_fp8_matrix(ExpertFiles& files, const std::string& name, std::size_t rows, std::size_t cols,
                           std::size_t block_rows, std::size_t block_cols, std::string_view factors = "F32") {
  std::string bytes = some_bytes(rows * cols, static_cast<std::uint32_t>(name.size() + rows));
  for (char& byte : bytes)
    if ((byte & 0x7f) == 0x7f) byte = 0x11;  // not a number
  files.add_bytes(name, "F8_E4M3", {rows, cols}, bytes);
  files.add(
      name + "_scale_inv", factors,
      {(rows + block_rows - 1) / block_rows, (cols + block_cols - 1) / block_cols},
      [](std::size_t, std::size_t r, std::size_t c) { return static_cast<float>(1 << (r * 3 + c) % 8) / 8; });
}

inline const std::string fp8_config =
    R"("num_hidden_layers": 1, "quantization_config": {"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic", "weight_block_size": )";

/// Experts in FP8 with blocks of 32 rows and 32 columns.
inline void add_fp8_experts(ExpertFiles& files, std::size_t experts, std::size_t hidden, std::size_t width) {
  for (std::size_t e = 0; e < experts; ++e) {
    const std::string prefix = "model.layers.0.mlp.experts." + std::to_string(e);
    add_fp8_matrix(files, prefix + ".gate_proj.weight", width, hidden, 32, 32);
    add_fp8_matrix(files, prefix + ".up_proj.weight", width, hidden, 32, 32, "BF16");
    add_fp8_matrix(files, prefix + ".down_proj.weight", hidden, width, 32, 32);
  }
}

/// Experts of Nemotron, without gate.
inline void add_two_matrix_experts(ExpertFiles& files, std::size_t experts, std::size_t hidden,
                                   std::size_t width) {
  for (std::size_t e = 0; e < experts; ++e) {
    const std::string prefix = "backbone.layers.0.mixer.experts." + std::to_string(e);
    files.add_part(prefix + ".up_proj.weight", e, 1, width, hidden);
    files.add_part(prefix + ".down_proj.weight", e, 2, hidden, width);
  }
}

inline const std::string nemotron_config = R"("layers_block_type": ["moe"])";
