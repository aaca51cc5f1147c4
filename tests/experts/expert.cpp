// SPDX-License-Identifier: MIT
#include "detail/core/dtype.hpp"
#include "detail/core/tensor.hpp"
#include "detail/experts/expert.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

namespace {

/// An expert of hidden size 64 and width 32.
moe::ExpertWeights expert_64_32(moe::DType dtype = moe::DType::f32) {
  return {{nullptr, dtype, 32, 64}, {nullptr, dtype, 32, 64}, {nullptr, dtype, 64, 32}};
}

void require(const moe::ExpertWeights& weights, bool gated = true, bool biases = false) {
  moe::detail::require_shapes({7, 3}, weights, {.hidden = 64, .width = 32, .gated = gated, .biases = biases});
}

moe::ExpertWeights expert_with_biases() {
  moe::ExpertWeights weights = expert_64_32();
  weights.gate_bias = weights.up_bias = {nullptr, moe::DType::bf16, 32};
  weights.down_bias = {nullptr, moe::DType::f32, 64};
  return weights;
}

}  // namespace

TEST_CASE("expert: shapes that fit the model are accepted in every type whose blocks fill the columns") {
  CHECK(message_of([] { require(expert_64_32()); }).empty());
  CHECK(message_of([] { require(expert_64_32(moe::DType::bf16)); }).empty());
  CHECK(message_of([] { require(expert_64_32(moe::DType::q4_0)); }).empty());
}

TEST_CASE("expert: a matrix of another shape is refused by its name, its expert and its layer") {
  moe::ExpertWeights weights = expert_64_32();
  weights.gate.rows = 33;
  check_error([&] { require(weights); }, {"gate of expert 3 of layer 7", "[32, 64]", "[33, 64] f32"});
  weights = expert_64_32();
  weights.up.cols = 63;
  check_error([&] { require(weights); }, {"up of expert 3 of layer 7", "[32, 64]", "[32, 63] f32"});
  weights = expert_64_32();
  weights.down.rows = weights.down.cols;
  check_error([&] { require(weights); }, {"down of expert 3 of layer 7", "[64, 32]", "[32, 32] f32"});
}

TEST_CASE(
    "expert: a type that kernels cannot multiply, or whose blocks do not fill the columns, is refused") {
  check_error([] { require(expert_64_32(moe::DType::other)); }, {"gate", "[32, 64] of a type", "other"});
  check_error([] { require(expert_64_32(moe::DType::q4_k)); }, {"gate", "[32, 64] of a type", "q4_k"});
}

TEST_CASE("expert: biases are accepted in f32, f16 and bf16, and only if the model has some") {
  const moe::ExpertWeights weights = expert_with_biases();
  CHECK(message_of([&] { require(weights, true, true); }).empty());
  CHECK(weights.bytes() == 3 * 64 * 32 * 4 + 2 * 32 * 2 + 64 * 4);
  check_error([&] { require(weights); }, {"gate bias of expert 3 of layer 7", "none", "[32] bf16"});
  check_error([&] { require(expert_64_32(), true, true); }, {"gate bias", "[32] of f32", "[0] f32"});
  moe::ExpertWeights other = weights;
  other.down_bias.size = 32;
  check_error([&] { require(other, true, true); }, {"down bias", "[64] of f32, f16 or bf16", "[32] f32"});
  other = weights;
  other.up_bias.dtype = moe::DType::q8_0;
  check_error([&] { require(other, true, true); }, {"up bias", "[32]", "q8_0"});
}

TEST_CASE("expert: a network of two matrices has no gate") {
  moe::ExpertWeights weights = expert_64_32();
  check_error([&] { require(weights, false); }, {"gate of expert 3 of layer 7", "none", "[32, 64] f32"});
  weights.gate = {};
  CHECK(message_of([&] { require(weights, false); }).empty());
  CHECK(weights.bytes() == 2 * 64 * 32 * 4);
  check_error([&] { require(weights); }, {"gate of expert 3 of layer 7", "[32, 64]", "[0, 0] f32"});
  weights.down_bias = weights.up_bias = {nullptr, moe::DType::f32, 0};
  CHECK(message_of([&] { require(weights, false); }).empty());
}

TEST_CASE("expert: a type without an enumerator counts as other, and is refused") {
  const auto unknown = static_cast<moe::DType>(200);
  CHECK(expert_64_32(unknown).bytes() == 0);
  check_error([&] { require(expert_64_32(unknown)); }, {"gate", "other"});
}
