// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace moe::inline MOE_ABI {

/// The storage type of the numbers in a tensor. Kernels multiply all types but `other`. f32, f16 and bf16 store single
/// numbers; the other types store blocks of 32 or 256 numbers, as GGUF files do. blocks_of_32.hpp and blocks_of_256.hpp
/// define the bytes.
///   q8_0, q5_0, q4_0      blocks of 32 integers with one scale
///   q5_1, q4_1            blocks of 32 integers with one scale and one offset
///   q6_k, q3_k            blocks of 256 integers with one scale, and a second scale for each group of 16
///   q5_k, q4_k            blocks of 256 integers with one scale, and a second scale and an offset for each group of 32
///   q2_k                  blocks of 256 integers with one scale, and a second scale and an offset for each group of 16
///   iq4_nl                blocks of 32 indices into a non-uniform grid of 16 values, with one scale
///   iq4_xs                blocks of 256 such indices with one scale, and a second scale for each group of 32
///   mxfp4                 blocks of 32 four-bit floats with a common exponent
///   f8_e4m3               blocks of 32 eight-bit floats with one scale; exists in memory only
///   other                 any type that the library can list but not multiply
enum class DType : std::uint8_t {
  f32,
  f16,
  bf16,
  q8_0,
  q5_0,
  q4_0,
  q5_1,
  q4_1,
  q6_k,
  q5_k,
  q4_k,
  q3_k,
  q2_k,
  iq4_nl,
  iq4_xs,
  mxfp4,
  f8_e4m3,
  other
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

inline constexpr std::size_t usable_dtypes = static_cast<std::size_t>(DType::other);

/// A row of a tensor is a sequence of blocks. Each block holds `elements` numbers in `bytes` bytes.
struct DTypeLayout {
  std::string_view name;
  std::size_t elements;
  std::size_t bytes;
};

/// The layout of a type. A value that is no enumerator counts as `other`, because a Matrix of the user may hold any value.
constexpr DTypeLayout layout_of(DType dtype) {
  constexpr DTypeLayout layouts[] = {
      {"f32", 1, 4},      {"f16", 1, 2},       {"bf16", 1, 2},    {"q8_0", 32, 34},   {"q5_0", 32, 22},
      {"q4_0", 32, 18},   {"q5_1", 32, 24},    {"q4_1", 32, 20},  {"q6_k", 256, 210}, {"q5_k", 256, 176},
      {"q4_k", 256, 144}, {"q3_k", 256, 110},  {"q2_k", 256, 84}, {"iq4_nl", 32, 18}, {"iq4_xs", 256, 136},
      {"mxfp4", 32, 17},  {"f8_e4m3", 32, 36}, {"other", 1, 0}};
  const auto number = static_cast<std::size_t>(dtype);
  return layouts[number < usable_dtypes ? number : usable_dtypes];
}

constexpr std::string_view name(DType dtype) { return layout_of(dtype).name; }

/// Whether kernels multiply rows of this type with integers, which needs activations quantised to int8. All other types, mxfp4
/// and f8_e4m3 among them, are multiplied with f32, unless an option of the kernels says otherwise (Kernels::takes_int8). The
/// enumerators from q8_0 to iq4_xs are the quantised types.
constexpr bool is_quantised(DType dtype) { return dtype >= DType::q8_0 && dtype < DType::mxfp4; }

/// The size in bytes of `elements` numbers, a multiple of the block size.
constexpr std::size_t bytes_of(DType dtype, std::size_t elements) {
  const DTypeLayout layout = layout_of(dtype);
  return elements / layout.elements * layout.bytes;
}

}  // namespace moe::inline MOE_ABI::detail
