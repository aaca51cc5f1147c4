// SPDX-License-Identifier: MIT
// Tensors of experts that contradict each other, or that the library cannot read.
#include "detail/experts/catalog.hpp"
#include "detail/io/checkpoint.hpp"
#include "support/expert_files.hpp"
#include "support/expert_layouts.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace {

const std::string mxfp4_members =
    R"("num_hidden_layers": 1, "quantization_config": {"quant_method": "mxfp4"})";

/// A checkpoint of one layer whose numbers do not matter.
class Hostile {
 public:
  explicit Hostile(std::string model_type = "qwen3_moe", std::string members = R"("num_hidden_layers": 1)")
      : model_type_(std::move(model_type)), members_(std::move(members)) {}

  /// name: the part of the tensor's name after `model.layers.0.mlp.experts.`.
  Hostile& add(const std::string& name, const std::vector<std::size_t>& shape,
               const std::string& dtype = "BF16") {
    std::size_t bytes = dtype == "BF16" || dtype == "F16" ? 2 : dtype == "F32" ? 4 : 1;
    for (const std::size_t size : shape) bytes *= size;
    files_.add_bytes("model.layers.0.mlp.experts." + name, dtype, shape, std::string(bytes, '\0'));
    return *this;
  }

  /// An expert with hidden size 3 and width 2, in tensors of its own.
  Hostile& add_expert(const std::string& number = "0") {
    return add(number + ".gate_proj.weight", {2, 3})
        .add(number + ".up_proj.weight", {2, 3})
        .add(number + ".down_proj.weight", {3, 2});
  }

  void refused(std::initializer_list<std::string_view> parts) const {
    const moe::Checkpoint checkpoint = files_.open(model_type_, members_);
    check_error([&] { moe::ExpertCatalog catalog(checkpoint); }, parts);
  }

 private:
  std::string model_type_, members_;
  ExpertFiles files_;
};

Hostile gpt_oss() { return Hostile("gpt_oss", mxfp4_members); }
Hostile fp8() { return Hostile("qwen3_moe", fp8_config + "[32, 64]}"); }

/// Adds gate and up of two experts as MXFP4.
Hostile& add_blocks(Hostile& files, std::size_t rows = 4) {
  return files.add("gate_up_proj_blocks", {2, rows, 2, 16}, "U8")
      .add("gate_up_proj_scales", {2, rows, 2}, "U8");
}

}  // namespace

TEST_CASE("hostile layouts: an expert in two layouts is refused") {
  Hostile()
      .add_expert()
      .add("gate_proj", {1, 2, 3})
      .refused({"expert 0 of layer 0", "one gate matrix", "two"});
  Hostile()
      .add_expert()
      .add("down_proj", {1, 3, 2})
      .refused({"expert 0 of layer 0", "one down matrix", "two"});
  Hostile both = gpt_oss();
  add_blocks(both)
      .add("gate_up_proj", {2, 64, 4})
      .add("down_proj", {2, 2, 64})
      .refused({"one gate matrix", "two"});
}

TEST_CASE("hostile layouts: tensors of all experts with different numbers of experts are refused") {
  Hostile()
      .add("gate_up_proj", {3, 4, 6})
      .add("down_proj", {2, 6, 2})
      .refused({"expert 2 of layer 0", "one down matrix", "none"});
  Hostile()
      .add("gate_up_proj", {2, 6, 4})
      .add("down_proj", {3, 2, 6})
      .refused({"expert 2 of layer 0", "one gate matrix", "none"});
}

TEST_CASE("hostile layouts: gate and up beside a down of other sizes are refused in every layout") {
  Hostile().add("gate_up_proj", {2, 6, 4}).add("down_proj", {2, 3, 6}).refused({"down_proj", "down [4, 3]"});
  Hostile().add("gate_up_proj", {2, 6, 4}).add("down_proj", {2, 2, 5}).refused({"down_proj", "down [4, 3]"});
  Hostile().add("gate_up_proj", {2, 6, 5}).add("down_proj", {2, 2, 6}).refused({"down_proj", "down [5, 3]"});
  Hostile files = gpt_oss();
  add_blocks(files).add("down_proj_blocks", {2, 32, 1, 16}, "U8").add("down_proj_scales", {2, 32, 1}, "U8");
  files.refused({"down_proj_blocks", "down [64, 2]"});
}

TEST_CASE("hostile layouts: fused matrices of gpt-oss that are not transposed are refused") {
  Hostile("gpt_oss")
      .add("gate_up_proj", {2, 8, 6})
      .add("down_proj", {2, 6, 4})
      .refused({"gate_up_proj", "[experts, hidden size, 2 · width]", "[2, 8, 6] BF16"});
}

TEST_CASE("hostile layouts: transposed matrices in FP8 are refused") {
  Hostile files = fp8();
  files.add("gate_up_proj", {2, 64, 64}, "F8_E4M3").add("gate_up_proj_scale_inv", {2, 2, 1}, "F32");
  files.add("down_proj", {2, 32, 64}, "F8_E4M3").add("down_proj_scale_inv", {2, 1, 1}, "F32");
  files.refused({"gate_up_proj", "transposed matrices of F32, F16 or BF16", "F8_E4M3"});
}

TEST_CASE("hostile layouts: MXFP4 with missing or wrong tensors is refused") {
  gpt_oss()
      .add("gate_up_proj_blocks", {2, 4, 2, 16}, "U8")
      .refused({"gate_up_proj_blocks", "expected a tensor with the scales of these blocks, found none"});
  gpt_oss()
      .add("down_proj_scales", {2, 4, 2}, "U8")
      .refused({"down_proj_scales", "expected a tensor with the blocks of these scales, found none"});
  const auto refused = [](const std::vector<std::size_t>& blocks, const std::vector<std::size_t>& scales,
                          const std::string& blocks_type = "U8", const std::string& scales_type = "U8") {
    Hostile files = gpt_oss();
    files.add("gate_up_proj_blocks", blocks, blocks_type).add("gate_up_proj_scales", scales, scales_type);
    files.refused({"gate_up_proj_blocks", "U8 [experts, rows, blocks, 16]", blocks_type});
  };
  refused({2, 4, 2, 8}, {2, 4, 2});
  refused({2, 4, 2, 16}, {2, 4, 3});
  refused({2, 4, 2, 16}, {2, 4, 2, 1});
  refused({2, 4, 32}, {2, 4});
  refused({2, 3, 2, 16}, {2, 3, 2});
  refused({2, 0, 2, 16}, {2, 0, 2});
  refused({2, 4, 2, 16}, {2, 4, 2}, "I8");
  refused({2, 4, 2, 16}, {2, 4, 2}, "U8", "F8_E8M0");
  Hostile other;
  add_blocks(other).refused({"gate_up_proj_blocks", "a family with MXFP4"});
}

TEST_CASE("hostile layouts: FP8 without scales, or with scales that do not fit its blocks, is refused") {
  const auto refused = [](const std::vector<std::size_t>& factors, const std::string& type,
                          std::initializer_list<std::string_view> parts) {
    Hostile files = fp8();
    files.add("0.gate_proj.weight", {64, 128}, "F8_E4M3").add("0.gate_proj.weight_scale_inv", factors, type);
    files.refused(parts);
  };
  refused({2, 2}, "F16", {"scale_inv", "[2, 2] of F32 or BF16", "[2, 2] F16"});
  refused({2, 1}, "F32", {"scale_inv", "[2, 2] of F32", "one for each 32 rows and 64 columns", "[2, 1] F32"});
  refused({2, 3}, "F32", {"[2, 2] of F32", "[2, 3]"});
  refused({1, 2}, "BF16", {"[2, 2] of F32", "[1, 2]"});
  refused({4}, "F32", {"[2, 2] of F32", "[4]"});
  refused({}, "F32", {"[2, 2] of F32", "[]"});
  fp8()
      .add("0.gate_proj.weight", {64, 128}, "F8_E4M3")
      .refused({"gate_proj.weight", "scales in a tensor", "0.gate_proj.weight_scale_inv", "none"});
  Hostile()
      .add("0.gate_proj.weight", {64, 128}, "F8_E4M3")
      .refused({"gate_proj.weight", "scales in a tensor"});
}

TEST_CASE("hostile layouts: scales beside weights that are not FP8 are refused") {
  Hostile files = fp8();
  files.add("0.gate_proj.weight", {64, 128}).add("0.gate_proj.weight_scale_inv", {2, 2}, "F32");
  files.refused({"0.gate_proj.weight", "F8_E4M3", "[64, 128] BF16"});
}

TEST_CASE("hostile layouts: fused FP8 whose gate and up share a block is refused") {
  Hostile files = fp8();
  files.add("gate_up_proj", {2, 96, 64}, "F8_E4M3").add("gate_up_proj_scale_inv", {2, 3, 1}, "F32");
  files.add("down_proj", {2, 64, 48}, "F8_E4M3").add("down_proj_scale_inv", {2, 2, 1}, "F32");
  files.refused({"gate_up_proj", "whole blocks of 32 rows", "48 rows"});
}

TEST_CASE("hostile layouts: biases of only some experts, or of other sizes and types, are refused") {
  const auto with_biases = [](const std::vector<std::size_t>& gate, const std::string& type = "BF16") {
    Hostile files;
    files.add_expert("0").add_expert("1").add("gate_proj_bias", gate, type);
    files.add("up_proj_bias", {2, 2}).add("down_proj_bias", {2, 3});
    return files;
  };
  with_biases({1, 2}).refused({"expert 1 of layer 0", "one gate bias", "none"});
  with_biases({3, 2}).refused({"expert 2 of layer 0", "one gate matrix", "none"});
  with_biases({2, 3}).refused({"gate_proj_bias", "gate bias [1, 2] of each expert", "[2, 3] BF16"});
  with_biases({4}).refused({"gate_proj_bias", "shape [experts, numbers]", "[4] BF16"});
  with_biases({2, 0}).refused({"gate_proj_bias", "shape [experts, numbers]"});
  with_biases({2, 2}, "U8").refused({"gate_proj_bias", "F32, F16 or BF16", "U8"});
  Hostile()
      .add_expert("0")
      .add("0.up_proj.bias", {2})
      .refused({"expert 0 of layer 0", "one gate bias", "none"});
  Hostile().add_expert("0").add("0.up_proj.bias", {1, 2}).refused({"up_proj.bias", "shape [numbers]"});
  Hostile()
      .add_expert("0")
      .add("gate_up_proj_bias", {1, 3})
      .refused({"gate_up_proj_bias", "shape [experts, 2 · width]", "[1, 3]"});
}

TEST_CASE("hostile layouts: an expert of a family with gates must have one") {
  Hostile()
      .add("0.up_proj.weight", {2, 3})
      .add("0.down_proj.weight", {3, 2})
      .refused({"expert 0 of layer 0", "one gate matrix", "none"});
  Hostile()
      .add("up_proj", {2, 2, 3})
      .add("down_proj", {2, 3, 2})
      .refused({"expert 0 of layer 0", "one gate matrix", "none"});
}

TEST_CASE("hostile layouts: many small biases, like many small matrices, are refused") {
  Hostile files;
  files.add("gate_up_proj_bias", {65536, 2}).add("down_proj_bias", {65536, 1});
  files.add("gate_proj_bias", {65536, 1});
  files.refused({"at most 196608 parts of experts with less than 128 bytes"});
}
