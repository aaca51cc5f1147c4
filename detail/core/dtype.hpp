#pragma once
#include "config.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace moe::inline MOE_ABI {

/// How the numbers of a tensor are stored. Kernels multiply all of them but `other`. f32, f16 and bf16 store each number
/// by itself; the others, known from GGUF files, blocks of 32 or 256. How a block is read stands beside its decoder.
///   q8_0, q5_0, q4_0      blocks of 32 whole numbers with one scale
///   q5_1, q4_1            ... and one offset
///   q6_k, q3_k            blocks of 256 with a scale and 16 scales of parts
///   q5_k, q4_k, q2_k      ... and as many offsets
///   iq4_nl, iq4_xs        blocks of 32 and 256 steps of one uneven ladder
///   mxfp4                 blocks of 32 four-bit floats with a power of two
///   other                 whatever a file may hold besides; it can be listed but not used
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
  other
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

inline constexpr std::size_t usable_dtypes = static_cast<std::size_t>(DType::other);

/// A tensor's row is a run of blocks, each `elements` numbers in `bytes` bytes.
struct DTypeLayout {
  std::string_view name;
  std::size_t elements;
  std::size_t bytes;
};

constexpr DTypeLayout layout_of(DType dtype) {
  constexpr DTypeLayout layouts[] = {
      {"f32", 1, 4},      {"f16", 1, 2},      {"bf16", 1, 2},    {"q8_0", 32, 34},   {"q5_0", 32, 22},
      {"q4_0", 32, 18},   {"q5_1", 32, 24},   {"q4_1", 32, 20},  {"q6_k", 256, 210}, {"q5_k", 256, 176},
      {"q4_k", 256, 144}, {"q3_k", 256, 110}, {"q2_k", 256, 84}, {"iq4_nl", 32, 18}, {"iq4_xs", 256, 136},
      {"mxfp4", 32, 17},  {"other", 1, 0}};
  return layouts[static_cast<std::size_t>(dtype)];
}

constexpr std::string_view name(DType dtype) { return layout_of(dtype).name; }

/// Whether products with rows of that type are computed with integers, and so need activations quantised to int8.
constexpr bool is_quantised(DType dtype) {
  using enum DType;
  return dtype == q8_0 || dtype == q4_0 || dtype == q6_k || dtype == q5_k || dtype == q4_k;
}

/// The bytes of `elements` numbers; `elements` is a multiple of the block.
constexpr std::size_t bytes_of(DType dtype, std::size_t elements) {
  const DTypeLayout layout = layout_of(dtype);
  return elements / layout.elements * layout.bytes;
}

}  // namespace moe::inline MOE_ABI::detail
