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

inline void dequantise_f32(const std::byte* at, float* out) { *out = load_as<float>(at); }
inline void dequantise_f16(const std::byte* at, float* out) {
  *out = f16_to_float(load_as<std::uint16_t>(at));
}
inline void dequantise_bf16(const std::byte* at, float* out) {
  *out = bf16_to_float(load_as<std::uint16_t>(at));
}

/// How one block of a type becomes floats; null for DType::other.
inline auto block_decoder(DType dtype) -> void (*)(const std::byte*, float*) {
  switch (dtype) {
    case DType::f32: return dequantise_f32;
    case DType::f16: return dequantise_f16;
    case DType::bf16: return dequantise_bf16;
    case DType::q8_0: return dequantise_q8_0;
    case DType::q4_0: return dequantise_q4_0;
    case DType::other: break;
  }
  return nullptr;
}

}  // namespace detail

/// out[i] = the i-th number of `stored`, exactly as its type defines it. out: [stored.size]. Not for DType::other.
inline void dequantise(Vector stored, std::span<float> out) {
  MOE_ASSERT(out.size() == stored.size && stored.dtype != DType::other);
  const auto [name, elements, bytes] = layout_of(stored.dtype);
  const auto decode = detail::block_decoder(stored.dtype);
  for (std::size_t block = 0; block < stored.size / elements; ++block)
    decode(stored.data + block * bytes, out.data() + block * elements);
}

inline std::vector<float> dequantise(Vector stored) {
  std::vector<float> out(stored.size);
  dequantise(stored, {out.data(), out.size()});
  return out;
}

}  // namespace moe
