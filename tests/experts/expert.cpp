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

void require(const moe::ExpertWeights& weights) { moe::detail::require_shapes({7, 3}, weights, 64, 32); }

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
