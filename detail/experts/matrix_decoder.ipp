// SPDX-License-Identifier: MIT
#pragma once
#include "matrix_decoder.hpp"
#include "../core/blocks_of_32.hpp"
#include "../core/dequantise.hpp"
#include "../core/load_as.hpp"
#include "matrix_locator.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Copies the numbers of a gathered matrix, tile by tile, through memory that stays in the cache. If the stored matrix is
/// transposed, the numbers of a column are neighbours there, and the numbers of a row are neighbours in the result.
template <class Number>
void gather_numbers(const MatrixLocation& location, const std::byte* from, std::byte* to) {
  constexpr std::size_t size = 64;
  const MatrixEncoding& stored = location.encoding;
  const std::size_t row_step = stored.row_step, col_step = stored.block_step;
  Number tile[size][size];
  for (std::size_t row = 0; row < location.rows; row += size)
    for (std::size_t col = 0; col < location.cols; col += size) {
      const std::size_t rows = std::min(size, location.rows - row),
                        cols = std::min(size, location.cols - col);
      const std::byte* const begin = from + (stored.first + row * row_step + col * col_step) * sizeof(Number);
      for (std::size_t c = 0; c < cols; ++c)
        for (std::size_t r = 0; r < rows; ++r)
          tile[r][c] = load_as<Number>(begin + (c * col_step + r * row_step) * sizeof(Number));
      for (std::size_t r = 0; r < rows; ++r)
        std::memcpy(to + ((row + r) * location.cols + col) * sizeof(Number), tile[r], cols * sizeof(Number));
    }
}

MOE_INLINE void decode_gathered(const MatrixLocation& location, std::span<const std::byte> numbers,
                                std::byte* out) {
  if (layout_of(location.dtype).bytes == 4) {
    gather_numbers<std::uint32_t>(location, numbers.data(), out);
  } else {
    gather_numbers<std::uint16_t>(location, numbers.data(), out);
  }
}

/// The lower four bytes, each followed by a zero byte.
inline std::uint64_t spread_bytes(std::uint64_t bytes) {
  bytes = (bytes | bytes << 16) & 0x0000ffff0000ffff;
  return (bytes | bytes << 8) & 0x00ff00ff00ff00ff;
}

/// Writes a block of MXFP4 in the order of GGUF: the exponent, then 16 bytes, of which byte j holds the numbers j and j + 16.
/// pairs: 16 bytes, of which byte j holds the numbers 2j and 2j + 1.
MOE_INLINE void repack_mxfp4(std::byte exponent, const std::byte* pairs, std::byte* out) {
  constexpr std::uint64_t low = 0x0f0f0f0f0f0f0f0f;
  const auto first = load_as<std::uint64_t>(pairs), second = load_as<std::uint64_t>(pairs + 8);
  const std::uint64_t even = (first & low) | (second & low) << 4, odd = (first >> 4 & low) | (second & ~low);
  const std::uint64_t halves[2] = {spread_bytes(even & 0xffffffff) | spread_bytes(odd & 0xffffffff) << 8,
                                   spread_bytes(even >> 32) | spread_bytes(odd >> 32) << 8};
  out[0] = exponent;
  std::memcpy(out + 1, halves, sizeof halves);
}

MOE_INLINE void decode_mxfp4(const MatrixLocation& location, std::span<const std::byte> numbers,
                             std::span<const std::byte> scales, std::byte* out) {
  constexpr DTypeLayout layout = layout_of(DType::mxfp4);
  const MatrixEncoding& stored = location.encoding;
  for (std::size_t row = 0; row < location.rows; ++row)
    for (std::size_t block = 0; block < location.cols / layout.elements; ++block, out += layout.bytes) {
      const std::size_t from =
          stored.first + row * std::size_t{stored.row_step} + block * std::size_t{stored.block_step};
      repack_mxfp4(scales[from], numbers.data() + from * (layout.bytes - 1), out);
    }
}

/// Stores numbers with one scale: as blocks of f8_e4m3, or as f32 where no such blocks fit. Both forms give the same product of
/// number and scale. Returns the end of the stored bytes.
MOE_INLINE std::byte* store_e4m3(DType dtype, float scale, std::span<const std::byte> numbers,
                                 std::byte* out) {
  constexpr DTypeLayout layout = layout_of(DType::f8_e4m3);
  std::array<std::byte, layout.bytes> block{};
  std::array<float, layout.elements> values;
  std::memcpy(block.data(), &scale, sizeof scale);
  for (std::size_t at = 0, count = 0; at < numbers.size(); at += count) {
    count = std::min(layout.elements, numbers.size() - at);
    std::memcpy(block.data() + sizeof scale, numbers.data() + at, count);
    if (dtype == DType::f8_e4m3) {
      std::memcpy(out, block.data(), block.size());
      out += block.size();
    } else {
      dequantise_f8_e4m3(block.data(), values.data());
      std::memcpy(out, values.data(), count * sizeof(float));
      out += count * sizeof(float);
    }
  }
  return out;
}

MOE_INLINE void decode_e4m3(const MatrixLocation& location, std::span<const std::byte> numbers,
                            std::span<const std::byte> scales, std::byte* out) {
  const MatrixEncoding& stored = location.encoding;
  const auto decode = block_decoder(stored.scale_dtype);
  const std::size_t scale_bytes = layout_of(stored.scale_dtype).bytes;
  const std::size_t row_bytes = blocks_of(location.cols, stored.block_cols) * scale_bytes;
  for (std::size_t row = 0; row < location.rows; ++row) {
    const std::byte* scale_at = scales.data() + (stored.first + row) / stored.block_rows * row_bytes;
    for (std::size_t col = 0; col < location.cols; col += stored.block_cols, scale_at += scale_bytes) {
      float scale = 0;
      decode(scale_at, &scale);
      const std::size_t count = std::min(std::size_t{stored.block_cols}, location.cols - col);
      out = store_e4m3(location.dtype, scale, numbers.subspan(row * location.cols + col, count), out);
    }
  }
}

MOE_INLINE void decode_matrix(const MatrixLocation& location, std::span<const std::byte> numbers,
                              std::span<const std::byte> scales, std::byte* out) {
  using enum MatrixEncoding::Kind;
  switch (location.encoding.kind) {
    case plain: std::memcpy(out, numbers.data(), numbers.size()); break;
    case gathered: decode_gathered(location, numbers, out); break;
    case mxfp4: decode_mxfp4(location, numbers, scales, out); break;
    case e4m3: decode_e4m3(location, numbers, scales, out); break;
  }
}

MOE_INLINE void read_stored(const std::vector<File>& files, const StoredBytes& stored, std::byte* out) {
  if (stored.bytes > 0) files[stored.file].read_at(stored.offset, {out, stored.bytes});
}

MOE_INLINE Matrix read_matrix(const std::vector<File>& files, const MatrixLocation& location,
                              std::byte* out) {
  const StoredBytes numbers = location.numbers(), &scales = location.encoding.scales;
  if (location.is_plain()) {
    read_stored(files, numbers, out);
  } else {
    std::vector<std::byte> memory(numbers.bytes + scales.bytes);
    read_stored(files, numbers, memory.data());
    read_stored(files, scales, memory.data() + numbers.bytes);
    const std::span<const std::byte> stored(memory);
    decode_matrix(location, stored.first(numbers.bytes), stored.subspan(numbers.bytes), out);
  }
  return {out, location.dtype, location.rows, location.cols};
}

MOE_INLINE ExpertWeights view_expert(const ExpertLocation& location, const StoredRanges& ranges,
                                     RangeBytes bytes_of) {
  std::array<Matrix, expert_parts> parts;
  const auto locations = parts_of(location);
  for (std::size_t part = 0; part < expert_parts; ++part)
    if (const MatrixLocation& from = *locations[part]; from.rows > 0)
      parts[part] = {bytes_of(ranges.numbers_of(part)).data(), from.dtype, from.rows, from.cols};
  return weights_of(parts);
}

MOE_INLINE ExpertWeights decode_expert(const ExpertLocation& location, const StoredRanges& ranges,
                                       RangeBytes bytes_of, std::byte* out) {
  std::array<Matrix, expert_parts> parts;
  const auto locations = parts_of(location);
  for (std::size_t part = 0; part < expert_parts; ++part) {
    const MatrixLocation& from = *locations[part];
    if (from.rows == 0) continue;
    const std::size_t scales = ranges.scales_of(part);
    decode_matrix(from, bytes_of(ranges.numbers_of(part)),
                  scales == StoredRanges::none ? std::span<const std::byte>() : bytes_of(scales), out);
    parts[part] = {out, from.dtype, from.rows, from.cols};
    out += from.bytes();
  }
  return weights_of(parts);
}

}  // namespace moe::inline MOE_ABI::detail
