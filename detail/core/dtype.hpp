#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace moe {

/// How the numbers of a tensor are stored. Kernels multiply all of them but `other`.
///   q8_0  32 numbers in 34 bytes: f16 scale, then 32 i8;     value = q · scale
///   q4_0  32 numbers in 18 bytes: f16 scale, then 16 bytes;  value = (q − 8) · scale; the low nibbles are the
///         numbers 0 to 15, the high nibbles 16 to 31
///   other whatever a file may hold besides; it can be listed but not used
enum class DType : std::uint8_t { f32, f16, bf16, q8_0, q4_0, other };

/// A tensor's row is a run of blocks, each `elements` numbers in `bytes` bytes.
struct DTypeLayout {
  std::string_view name;
  std::size_t elements;
  std::size_t bytes;
};

constexpr DTypeLayout layout_of(DType dtype) {
  constexpr std::array<DTypeLayout, 6> layouts{
      {{"f32", 1, 4}, {"f16", 1, 2}, {"bf16", 1, 2}, {"q8_0", 32, 34}, {"q4_0", 32, 18}, {"other", 1, 0}}};
  return layouts[static_cast<std::size_t>(dtype)];
}

constexpr std::string_view name(DType dtype) { return layout_of(dtype).name; }

/// Whether rows are made of blocks of integers, which are multiplied with activations quantised to int8.
constexpr bool is_quantised(DType dtype) { return dtype == DType::q8_0 || dtype == DType::q4_0; }

/// The bytes of `elements` numbers; `elements` is a multiple of the block.
constexpr std::size_t bytes_of(DType dtype, std::size_t elements) {
  const DTypeLayout layout = layout_of(dtype);
  return elements / layout.elements * layout.bytes;
}

}  // namespace moe
