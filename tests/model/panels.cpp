// SPDX-License-Identifier: MIT
// The order of quantised matrices must not change a bit of the logits.
#include "detail/core/panels.hpp"
#include "detail/core/thread_pool.hpp"
#include "detail/core/token.hpp"
#include "detail/experts/any_provider.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/extract/extraction.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/model/transformer.hpp"
#include "detail/model/weights.hpp"
#include "support/checkpoints.hpp"
#include "support/gguf_builder.hpp"
#include "support/quantise.hpp"
#include "support/random_numbers.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace {

/// A dense model whose matrices are q8_0, also its embedding, which is the head.
std::string quantised_dense_model() {
  GgufBuilder file;
  file.value("general.architecture", "qwen3").value("qwen3.block_count", 1u);
  file.value("qwen3.context_length", 128u).value("qwen3.embedding_length", 64u);
  file.value("qwen3.feed_forward_length", 96u).value("qwen3.attention.head_count", 4u);
  file.value("qwen3.attention.head_count_kv", 2u).value("qwen3.attention.key_length", 32u);
  file.value("qwen3.attention.value_length", 32u).value("qwen3.attention.layer_norm_rms_epsilon", 1e-6f);
  std::uint32_t seed = 1;
  const auto vector = [&](const std::string& name, std::uint64_t size) {
    std::string ones;
    for (std::uint64_t i = 0; i < size; ++i) ones += GgufBuilder::bytes_of(1.0f);
    file.tensor(name, {size}, 0, ones);
  };
  const auto matrix = [&](const std::string& name, std::uint64_t columns, std::uint64_t rows) {
    const auto bytes = encode(moe::DType::q8_0, random_numbers(columns * rows, seed++, 0.2f));
    file.tensor(name, {columns, rows}, 8, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  };
  matrix("token_embd.weight", 64, 320);
  matrix("blk.0.attn_q.weight", 64, 128), matrix("blk.0.attn_k.weight", 64, 64);
  matrix("blk.0.attn_v.weight", 64, 64), matrix("blk.0.attn_output.weight", 128, 64);
  matrix("blk.0.ffn_gate.weight", 64, 96), matrix("blk.0.ffn_up.weight", 64, 96);
  matrix("blk.0.ffn_down.weight", 96, 64);
  for (const char* name : {"output_norm.weight", "blk.0.attn_norm.weight", "blk.0.ffn_norm.weight"})
    vector(name, 64);
  vector("blk.0.attn_q_norm.weight", 32), vector("blk.0.attn_k_norm.weight", 32);
  return file.file();
}

/// The logits of all positions of 40 tokens.
std::vector<float> logits_of(const moe::Checkpoint& checkpoint, moe::AnyProvider experts,
                             moe::WeightStorage storage, std::size_t chunk) {
  moe::ThreadPool pool(2);
  const moe::Transformer model(checkpoint, experts, pool, {.weights = storage});
  auto sequence = model.sequence({.context = 64, .chunk = chunk});
  std::vector<moe::TokenId> ids;
  for (std::size_t i = 0; i < 40; ++i) ids.push_back(static_cast<moe::TokenId>((i * i * 7919 + 13) % 320));
  std::vector<float> out;
  model.forward_each(sequence, ids, [&](std::size_t, std::span<const float> logits) {
    out.insert(out.end(), logits.begin(), logits.end());
  });
  return out;
}

}  // namespace

TEST_CASE(
    "panels: owned quantised weights lie in panels and give the bits of mapped ones, embedding included") {
  TemporaryDirectory directory;
  const moe::Checkpoint checkpoint(directory.write("model.gguf", quantised_dense_model()));
  const moe::detail::ModelWeights owned(checkpoint, moe::ModelSpec(checkpoint), moe::WeightStorage::owned);
  CHECK(owned.head.order == moe::Matrix::Order::panels);
  CHECK(owned.embedding.matrix().order == moe::Matrix::Order::panels);
  for (const moe::Matrix* matrix : moe::detail::matrices_of(owned.layers[0]))
    if (matrix->rows > 0) CHECK(matrix->order == moe::Matrix::Order::panels);
  for (const std::size_t chunk : {1u, 7u, 40u})
    CHECK(logits_of(checkpoint, moe::AnyProvider(moe::MemoryProvider(checkpoint)), moe::WeightStorage::owned,
                    chunk) == logits_of(checkpoint, moe::AnyProvider(moe::MemoryProvider(checkpoint)),
                                        moe::WeightStorage::mapped, chunk));
}

TEST_CASE("panels: experts in panels give the bits of experts in rows") {
  for (const moe::DType type : {moe::DType::q4_0, moe::DType::q8_0}) {
    TemporaryDirectory directory;
    moe::Extraction(moe::Checkpoint(bundled_model()), directory.path() + "/out", {.type = type}).run();
    const moe::Checkpoint checkpoint(directory.path() + "/out");
    const moe::ExpertCatalog catalog(checkpoint);
    const moe::MemoryProvider panels(catalog, moe::Matrix::Order::panels);
    CHECK(panels.acquire({0, 0})->gate.order == moe::Matrix::Order::panels);
    for (const std::size_t chunk : {1u, 40u})
      CHECK(logits_of(checkpoint, moe::AnyProvider(moe::MemoryProvider(catalog, moe::Matrix::Order::panels)),
                      moe::WeightStorage::mapped,
                      chunk) == logits_of(checkpoint, moe::AnyProvider(moe::MemoryProvider(catalog)),
                                          moe::WeightStorage::mapped, chunk));
  }
}
