// SPDX-License-Identifier: MIT
#pragma once
#include "dequantise.hpp"
#include "blocks_of_256.hpp"
#include "blocks_of_32.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE auto block_decoder(DType dtype) -> void (*)(const std::byte*, float*) {
  switch (dtype) {
    case DType::f32: return dequantise_f32;
    case DType::f16: return dequantise_f16;
    case DType::bf16: return dequantise_bf16;
    case DType::q8_0: return dequantise_q8_0;
    case DType::q5_0: return dequantise_q5_0;
    case DType::q4_0: return dequantise_q4_0;
    case DType::q5_1: return dequantise_q5_1;
    case DType::q4_1: return dequantise_q4_1;
    case DType::q6_k: return dequantise_q6_k;
    case DType::q5_k: return dequantise_q5_k;
    case DType::q4_k: return dequantise_q4_k;
    case DType::q3_k: return dequantise_q3_k;
    case DType::q2_k: return dequantise_q2_k;
    case DType::iq4_nl: return dequantise_iq4_nl;
    case DType::iq4_xs: return dequantise_iq4_xs;
    case DType::mxfp4: return dequantise_mxfp4;
    case DType::f8_e4m3: return dequantise_f8_e4m3;
    case DType::other: break;
  }
  return nullptr;
}

MOE_INLINE void dequantise(Vector stored, std::span<float> out) {
  MOE_ASSERT(out.size() == stored.size && stored.dtype != DType::other);
  const auto [name, elements, bytes] = layout_of(stored.dtype);
  const auto decode = block_decoder(stored.dtype);
  for (std::size_t block = 0; block < stored.size / elements; ++block)
    decode(stored.data + block * bytes, out.data() + block * elements);
}

MOE_INLINE std::vector<float> dequantise(Vector stored) {
  std::vector<float> out(stored.size);
  dequantise(stored, {out.data(), out.size()});
  return out;
}

}  // namespace moe::inline MOE_ABI::detail
