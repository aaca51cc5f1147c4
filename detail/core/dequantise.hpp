#pragma once
#include "config.hpp"
#include "half.hpp"
#include "tensor.hpp"

#include <cstring>
#include <span>
#include <vector>

namespace moe {
namespace detail {

template <class T>
T load_as(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

inline void dequantise_q8_0(const std::byte* block, float* out) {
  const float scale = f16_to_float(load_as<std::uint16_t>(block));
  for (std::size_t i = 0; i < 32; ++i)
    out[i] = static_cast<float>(load_as<std::int8_t>(block + 2 + i)) * scale;
}

inline void dequantise_q4_0(const std::byte* block, float* out) {
  const float scale = f16_to_float(load_as<std::uint16_t>(block));
  for (std::size_t i = 0; i < 16; ++i) {
    const int byte = std::to_integer<int>(block[2 + i]);
    out[i] = static_cast<float>((byte & 15) - 8) * scale;
    out[i + 16] = static_cast<float>((byte >> 4) - 8) * scale;
  }
}

}  // namespace detail

/// out[i] = the i-th number of `stored`, exactly as spec'd for its type. out: [stored.size]. Not for
/// DType::other.
inline void dequantise(Vector stored, std::span<float> out) {
  MOE_ASSERT(out.size() == stored.size && stored.dtype != DType::other);
  const auto [name, elements, bytes] = layout_of(stored.dtype);
  const std::byte* block = stored.data;
  for (std::size_t i = 0; i < stored.size; i += elements, block += bytes) {
    switch (stored.dtype) {
      case DType::f32:
        out[i] = detail::load_as<float>(block);
        break;
      case DType::f16:
        out[i] = detail::f16_to_float(detail::load_as<std::uint16_t>(block));
        break;
      case DType::bf16:
        out[i] = detail::bf16_to_float(detail::load_as<std::uint16_t>(block));
        break;
      case DType::q8_0:
        detail::dequantise_q8_0(block, &out[i]);
        break;
      case DType::q4_0:
        detail::dequantise_q4_0(block, &out[i]);
        break;
      case DType::other:
        break;
    }
  }
}

inline std::vector<float> dequantise(Vector stored) {
  std::vector<float> out(stored.size);
  dequantise(stored, out);
  return out;
}

}  // namespace moe
