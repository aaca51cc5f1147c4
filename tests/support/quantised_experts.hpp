// SPDX-License-Identifier: MIT
#pragma once
#include "detail/core/dequantise.hpp"
#include "detail/core/dtype.hpp"
#include "detail/core/tensor.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/experts/expert.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/io/checkpoint.hpp"
#include "support/quantise.hpp"

#include <cstddef>
#include <vector>

/// The experts of a checkpoint, converted to another type.
inline moe::MemoryProvider quantised_experts(const moe::Checkpoint& checkpoint, moe::DType dtype) {
  const moe::ExpertCatalog catalog(checkpoint);
  const moe::MemoryProvider original(catalog);
  moe::MemoryProvider out;
  for (const moe::ExpertId id : catalog.ids()) {
    std::vector<std::vector<std::byte>> memory;
    const auto convert = [&](const moe::Matrix& from) {
      memory.push_back(
          encode(dtype, moe::detail::dequantise({from.data, from.dtype, from.rows * from.cols})));
      return moe::Matrix{memory.back().data(), dtype, from.rows, from.cols};
    };
    const moe::ExpertWeights& weights = *original.acquire(id);
    out.add(id, {convert(weights.gate), convert(weights.up), convert(weights.down)});
  }
  return out;
}
