// SPDX-License-Identifier: MIT
// The layouts in which GGUF files store experts.
#include "detail/experts/catalog.hpp"
#include "detail/io/checkpoint.hpp"
#include "support/check_expert_numbers.hpp"
#include "support/expert_files.hpp"
#include "support/gguf_builder.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace {

/// A GGUF file of one layer.
class GgufExperts {
 public:
  explicit GgufExperts(const std::string& architecture) {
    file_.value("general.architecture", architecture).value(architecture + ".block_count", 1u);
    file_.value(architecture + ".expert_count", 3u);
  }
  /// Adds a tensor of F32 numbers. sizes: the innermost dimension first. missing_dimensions: how many outer dimensions, each of
  /// size 1, the file omits. The arguments of `number` are the indices of the tensor with these dimensions.
  GgufExperts& add(const std::string& name, const std::vector<std::uint64_t>& sizes,
                   const TensorNumbers& number, std::size_t missing_dimensions = 0) {
    std::vector<std::size_t> shape(sizes.rbegin(), sizes.rend());
    shape.insert(shape.begin(), missing_dimensions, 1);
    file_.tensor("blk.0." + name, sizes, 0, tensor_bytes("F32", shape, number));
    return *this;
  }
  moe::Checkpoint open() const { return moe::Checkpoint(directory_.write("model.gguf", file_.file())); }

 private:
  TemporaryDirectory directory_;
  GgufBuilder file_;
};

TensorNumbers numbers_of_part(std::size_t part) {
  return [=](std::size_t e, std::size_t r, std::size_t c) { return expert_number(e, part, r, c); };
}
TensorNumbers numbers_of_bias(std::size_t part) {
  return [=](std::size_t, std::size_t e, std::size_t c) { return expert_number(e, part, 0, c); };
}

}  // namespace

TEST_CASE("gguf layouts: merged experts are read, with biases") {
  GgufExperts file("gpt-oss");
  file.add("ffn_gate_exps.weight", {6, 4, 3}, numbers_of_part(0))
      .add("ffn_up_exps.weight", {6, 4, 3}, numbers_of_part(1));
  file.add("ffn_down_exps.weight", {4, 6, 3}, numbers_of_part(2))
      .add("ffn_gate_exps.bias", {4, 3}, numbers_of_bias(3));
  file.add("ffn_up_exps.bias", {4, 3}, numbers_of_bias(4))
      .add("ffn_down_exps.bias", {6, 3}, numbers_of_bias(5));
  const moe::ExpertCatalog catalog(file.open());
  CHECK(catalog.experts(0) == 3);
  check_expert_numbers(catalog, all_six_parts);
}

TEST_CASE("gguf layouts: if one tensor holds gate and up, gate comes first in every family") {
  for (const char* architecture : {"gemma4", "gpt-oss"}) {
    GgufExperts file(architecture);
    file.add("ffn_gate_up_exps.weight", {6, 8, 3},
             [](std::size_t e, std::size_t r, std::size_t c) { return expert_number(e, r / 4, r % 4, c); });
    file.add("ffn_down_exps.weight", {4, 6, 3}, numbers_of_part(2));
    check_expert_numbers(moe::ExpertCatalog(file.open()), three_matrices);
  }
}

TEST_CASE(
    "gguf layouts: old files with one tensor for each matrix of each expert, and files without gate, are "
    "read") {
  GgufExperts old("llama");
  for (std::size_t e = 0; e < 3; ++e)
    for (std::size_t part = 0; part < 3; ++part) {
      constexpr std::array<const char*, 3> names{"ffn_gate.", "ffn_up.", "ffn_down."};
      old.add(names[part] + std::to_string(e) + ".weight",
              part < 2 ? std::vector<std::uint64_t>{6, 4} : std::vector<std::uint64_t>{4, 6},
              [=](std::size_t, std::size_t r, std::size_t c) { return expert_number(e, part, r, c); });
    }
  check_expert_numbers(moe::ExpertCatalog(old.open()), three_matrices);
  GgufExperts nemotron("nemotron_h_moe");
  nemotron.add("ffn_up_exps.weight", {6, 4, 3}, numbers_of_part(1))
      .add("ffn_down_exps.weight", {4, 6, 3}, numbers_of_part(2));
  check_expert_numbers(moe::ExpertCatalog(nemotron.open()), up_and_down);
}

TEST_CASE("gguf layouts: the tensors of a layer with a single expert may lack the dimension of experts") {
  GgufExperts file("gpt-oss");
  file.add("ffn_gate_exps.weight", {6, 4}, numbers_of_part(0), 1)
      .add("ffn_up_exps.weight", {6, 4}, numbers_of_part(1), 1);
  file.add("ffn_down_exps.weight", {4, 6}, numbers_of_part(2), 1)
      .add("ffn_gate_exps.bias", {4}, numbers_of_bias(3), 1);
  file.add("ffn_up_exps.bias", {4}, numbers_of_bias(4), 1)
      .add("ffn_down_exps.bias", {6}, numbers_of_bias(5), 1);
  file.add("ffn_gate_inp.weight", {6}, numbers_of_bias(0));
  const moe::ExpertCatalog catalog(file.open());
  CHECK(catalog.experts(0) == 1);
  check_expert_numbers(catalog, all_six_parts);
}
