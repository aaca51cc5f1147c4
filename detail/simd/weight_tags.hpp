// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <cstdint>

namespace moe::inline MOE_ABI::detail::simd {

// Weight types as tags for templates and overloads.
//   bytes        of one block, or of one number of a float type
//   block        numbers in one block
//   group        columns that share one scale
//   unit         columns that unpack() unpacks at once
//   zero_point   unpacked number = weight / scale + zero_point; where it is not 0, it makes signed numbers unsigned
//   has_offsets  whether each group also has an offset: weight = scale · number + offset
//   largest      the largest magnitude of an unpacked number
//   Product      the tag whose dot products also serve this type
//   fused        whether the product with one token multiplies each vector of weights as soon as the vector is unpacked:
//                faster, but more machine code. If false, the code for several tokens first unpacks a whole tile
struct F32 {
  static constexpr std::size_t bytes = 4;
};
struct F16 {
  static constexpr std::size_t bytes = 2;
};
struct BF16 {
  static constexpr std::size_t bytes = 2;
};
struct I8 {
  static constexpr std::size_t bytes = 1;
};
struct U8 {
  static constexpr std::size_t bytes = 1;
};
struct E4M3 {
  static constexpr std::size_t bytes = 1;
};
/// A mask for the conversion of e4m3 to f16. An e4m3 number that is sign-extended to 16 bits and shifted left by seven bits has
/// its sign in the bits 15 and 14; the mask clears bit 14. The f16 is the e4m3 number divided by 2^8.
inline constexpr std::int16_t e4m3_in_f16 = ~0x4000;
struct F8_E4M3 {
  static constexpr std::size_t bytes = 36;
};
/// The base of types with blocks of 32 numbers: the values that most of these types share.
struct Blocks32 {
  static constexpr std::size_t block = 32, group = 32, unit = 32;
  static constexpr int zero_point = 0;
  static constexpr bool has_offsets = false, fused = false;
};
struct Blocks256 : Blocks32 {
  static constexpr std::size_t block = 256, unit = 64;
};
struct Q8_0 : Blocks32 {
  using Product = Q8_0;
  static constexpr std::size_t bytes = 34;
  static constexpr int largest = 128;
  static constexpr bool fused = true;
};
struct Q5_0 : Blocks32 {
  using Product = Q5_0;
  static constexpr std::size_t bytes = 22;
  static constexpr int zero_point = 16, largest = 31;
};
struct Q4_0 : Blocks32 {
  using Product = Q4_0;
  static constexpr std::size_t bytes = 18;
  static constexpr int zero_point = 8, largest = 15;
  static constexpr bool fused = true;
};
struct IQ4_NL : Blocks32 {
  using Product = Q8_0;
  static constexpr std::size_t bytes = 18;
};
/// Product, zero_point and largest are for products with int8 inputs: Kernels::matmul_int8_mxfp4.
struct MXFP4 : Blocks32 {
  using Product = MXFP4;
  static constexpr std::size_t bytes = 17;
  static constexpr int zero_point = 12, largest = 24;
};
struct Q4_K : Blocks256 {
  using Product = Q4_K;
  static constexpr std::size_t bytes = 144;
  static constexpr int largest = 31;  // of q5_k and q5_1, which use the products of this type
  static constexpr bool has_offsets = true, fused = true;
};
struct Q5_K : Blocks256 {
  using Product = Q4_K;
  static constexpr std::size_t bytes = 176;
  static constexpr bool fused = true;
};
struct Q5_1 : Blocks32 {
  using Product = Q4_K;
  static constexpr std::size_t bytes = 24;
};
struct Q4_1 : Blocks32 {
  using Product = Q4_K;
  static constexpr std::size_t bytes = 20;
};
struct IQ4_XS : Blocks256 {
  using Product = Q8_0;
  static constexpr std::size_t bytes = 136, unit = 32;
};
struct Q6_K : Blocks256 {
  using Product = Q6_K;
  static constexpr std::size_t bytes = 210, group = 16;
  static constexpr int zero_point = 32, largest = 63;
  static constexpr bool fused = true;
};
struct Q3_K : Blocks256 {
  using Product = Q3_K;
  static constexpr std::size_t bytes = 110, group = 16;
  static constexpr int zero_point = 4, largest = 7;
};
struct Q2_K : Blocks256 {
  using Product = Q2_K;
  static constexpr std::size_t bytes = 84, group = 16;
  static constexpr int largest = 3;
  static constexpr bool has_offsets = true;
};

}  // namespace moe::inline MOE_ABI::detail::simd
