// SPDX-License-Identifier: MIT
// The logits of one model must have the same bits for all numbers of threads, chunks and providers.
#include "detail/core/dtype.hpp"
#include "detail/core/thread_pool.hpp"
#include "detail/core/token.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/simd/isa.hpp"
#include "detail/simd/kernel_table.hpp"
#include "detail/simd/kernels.hpp"
#include "detail/experts/any_provider.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/model/transformer.hpp"
#include "support/checkpoints.hpp"
#include "support/quantised_experts.hpp"
#include "support/test_data.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <vector>

namespace {

/// 72 arbitrary tokens: more than one block of keys in attention.
std::vector<moe::TokenId> some_tokens(std::size_t vocabulary) {
  std::vector<moe::TokenId> ids(72);
  for (std::size_t i = 0; i < ids.size(); ++i)
    ids[i] = static_cast<moe::TokenId>((i * i * 7919 + 13) % vocabulary);
  return ids;
}

struct Way {
  std::size_t threads = 1;
  std::size_t chunk = 512;
  moe::DType kv_type = moe::DType::f16;
  const moe::detail::simd::Kernels* kernels = &moe::detail::simd::kernels();
};

/// The logits of all positions.
std::vector<float> all_logits(const moe::Checkpoint& checkpoint, moe::AnyProvider& experts, Way way) {
  moe::ThreadPool pool(way.threads);
  const moe::Transformer model(checkpoint, experts, pool, {.kernels = way.kernels});
  auto sequence = model.sequence({.context = 128, .chunk = way.chunk, .kv_type = way.kv_type});
  std::vector<float> out;
  model.forward_each(sequence, some_tokens(model.spec().vocabulary_size),
                     [&](std::size_t, std::span<const float> logits) {
                       out.insert(out.end(), logits.begin(), logits.end());
                     });
  return out;
}

/// |a − b| / |a|
double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double squares = 0, differences = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    squares += std::pow(a[i], 2);
    differences += std::pow(a[i] - b[i], 2);
  }
  return std::sqrt(differences / squares);
}

}  // namespace

TEST_CASE("same bits: logits do not depend on threads, chunks and providers" * doctest::test_suite("long")) {
  for (const std::string& path :
       {bundled_model(), golden("odd-sizes"), golden("dense-between"), golden("sliding-window")}) {
    CAPTURE(path);
    const moe::Checkpoint checkpoint(path);
    moe::AnyProvider mapped{moe::MmapProvider(checkpoint)}, in_memory{moe::MemoryProvider(checkpoint)};
    const std::vector<float> expected = all_logits(checkpoint, mapped, {});
    for (const std::size_t threads : {1u, 2u, 3u})
      for (const std::size_t chunk : {1u, 2u, 7u, 512u}) {
        CAPTURE(threads);
        CAPTURE(chunk);
        CHECK(all_logits(checkpoint, mapped, {threads, chunk}) == expected);
        CHECK(all_logits(checkpoint, in_memory, {threads, chunk}) == expected);
      }
  }
}

TEST_CASE("same bits: logits of quantised experts do not depend on threads and chunks, and stay near f32" *
          doctest::test_suite("long")) {
  const moe::Checkpoint checkpoint(bundled_model());
  moe::AnyProvider mapped{moe::MmapProvider(checkpoint)};
  const std::vector<float> original = all_logits(checkpoint, mapped, {});
  for (const moe::DType dtype : {moe::DType::q8_0, moe::DType::q4_0}) {
    CAPTURE(moe::detail::name(dtype));
    moe::AnyProvider experts{quantised_experts(checkpoint, dtype)};
    const std::vector<float> expected = all_logits(checkpoint, experts, {});
    for (const std::size_t threads : {1u, 3u})
      for (const std::size_t chunk : {1u, 7u, 512u})
        CHECK(all_logits(checkpoint, experts, {threads, chunk}) == expected);
    CHECK(distance(original, expected) < (dtype == moe::DType::q8_0 ? 0.1 : 0.3));
  }
}

TEST_CASE("same bits: logits with a KV cache of f16 stay near f32, and do not depend on chunks") {
  const moe::Checkpoint checkpoint(bundled_model());
  moe::AnyProvider experts{moe::MmapProvider(checkpoint)};
  const auto f32 = all_logits(checkpoint, experts, {1, 512, moe::DType::f32});
  const auto f16 = all_logits(checkpoint, experts, {1, 512, moe::DType::f16});
  CHECK(all_logits(checkpoint, experts, {2, 3, moe::DType::f32}) == f32);
  CHECK(f32 != f16);
  CHECK(distance(f32, f16) < 0.02);
}

TEST_CASE("same bits: logits of bf16 dot products do not depend on threads and chunks, and stay near f32") {
  const moe::detail::simd::Kernels* bf16_dot =
      moe::detail::simd::bf16_dot_kernels_for(moe::detail::simd::active_isa());
  if (!bf16_dot) return;
  for (const std::string& path : {bundled_model(), golden("plain-bf16")}) {
    CAPTURE(path);
    const moe::Checkpoint checkpoint(path);
    moe::AnyProvider mapped{moe::MmapProvider(checkpoint)}, in_memory{moe::MemoryProvider(checkpoint)};
    const std::vector<float> original = all_logits(checkpoint, mapped, {});
    const std::vector<float> expected = all_logits(checkpoint, mapped, {.kernels = bf16_dot});
    CHECK(original != expected);
    CHECK(distance(original, expected) < 0.05);
    for (const std::size_t threads : {1u, 2u, 3u})
      for (const std::size_t chunk : {1u, 2u, 7u, 512u}) {
        CHECK(all_logits(checkpoint, mapped, {threads, chunk, moe::DType::f16, bf16_dot}) == expected);
        CHECK(all_logits(checkpoint, in_memory, {threads, chunk, moe::DType::f16, bf16_dot}) == expected);
      }
  }
}

TEST_CASE(
    "same bits: logits of int8 products of mxfp4 do not depend on threads and chunks, and stay near f32") {
  const auto path = test_data("golden/gpt_oss_mxfp4");
  if (!path) return;
  const moe::detail::simd::Kernels* int8 = &moe::detail::simd::int8_mxfp4_kernels(false);
  const moe::Checkpoint checkpoint(*path);
  moe::AnyProvider experts{moe::MemoryProvider(checkpoint)};
  const std::vector<float> original = all_logits(checkpoint, experts, {});
  const std::vector<float> expected = all_logits(checkpoint, experts, {.kernels = int8});
  CHECK(original != expected);
  CHECK(distance(original, expected) < 0.2);
  for (const std::size_t threads : {1u, 3u})
    for (const std::size_t chunk : {1u, 7u, 512u})
      CHECK(all_logits(checkpoint, experts, {threads, chunk, moe::DType::f16, int8}) == expected);
}
