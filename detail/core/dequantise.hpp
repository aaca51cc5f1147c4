// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"
#include "half.hpp"
#include "load_as.hpp"
#include "tensor.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

inline void dequantise_f32(const std::byte* at, float* out) { *out = load_as<float>(at); }
inline void dequantise_f16(const std::byte* at, float* out) { *out = load_f16(at); }
inline void dequantise_bf16(const std::byte* at, float* out) {
  *out = bf16_to_float(load_as<std::uint16_t>(at));
}

/// The function that decodes one block of a type to f32; null for DType::other.
auto block_decoder(DType dtype) -> void (*)(const std::byte*, float*);

/// Decodes the numbers of `stored` to `out`, [stored.size]. Precondition: the type is not DType::other, and the size is a
/// multiple of its blocks.
void dequantise(Vector stored, std::span<float> out);

std::vector<float> dequantise(Vector stored);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "dequantise.ipp"
#endif
