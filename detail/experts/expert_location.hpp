// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"
#include "../core/tensor.hpp"
#include "expert.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// A run of bytes in a file of a checkpoint.
struct StoredBytes {
  std::size_t file = 0;      // an index into Checkpoint::files()
  std::uint64_t offset = 0;  // of the first byte in that file; any alignment
  std::size_t bytes = 0;
  std::optional<std::uint32_t> crc32c = {};  // of the bytes, if the file states it
};

/// How a checkpoint stores the blocks of a matrix; a block is one number in types without blocks. Matrices of all encodings
/// but `plain` are converted when they are read.
///   plain      as kernels read them
///   gathered   block b of row r is the stored block with the index first + r · row_step + b · block_step: transposed matrices,
///              and rows that alternate between two matrices
///   mxfp4      gathered, with the 16 bytes of a block in one range and its exponent in another. A byte holds two neighbouring
///              numbers
///   e4m3       one byte per number, row by row; in another range one scale for each block of [block_rows, block_cols] numbers.
///              The first `first` rows of the first block are not rows of the matrix
struct MatrixEncoding {
  enum class Kind : std::uint8_t { plain, gathered, mxfp4, e4m3 };
  Kind kind = Kind::plain;
  std::uint32_t first = 0, row_step = 0, block_step = 0;  // the steps: of gathered and mxfp4
  DType scale_dtype = DType::f32;                         // of e4m3: f32 or bf16
  std::uint32_t block_rows = 0, block_cols = 0;           // of e4m3
  std::size_t number_bytes = 0;                           // of all stored numbers, unless plain
  StoredBytes scales = {};                                // of mxfp4 and e4m3
};

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// Where a matrix [rows, cols] lies in a checkpoint, and how it is stored there. No matrix if rows = 0.
struct MatrixLocation {
  std::size_t file = 0;                      // an index into Checkpoint::files()
  std::uint64_t offset = 0;                  // of the first byte of its numbers in that file; any alignment
  DType dtype = DType::f32;                  // in memory
  std::size_t rows = 0, cols = 0;            // outputs and inputs of a product
  std::optional<std::uint32_t> crc32c = {};  // of the stored numbers, if the file states it
  detail::MatrixEncoding encoding = {};      // how the numbers are stored

  /// Whether the matrix is stored as kernels read it.
  bool is_plain() const { return encoding.kind == detail::MatrixEncoding::Kind::plain; }

  /// The size in memory.
  std::size_t bytes() const { return Matrix{nullptr, dtype, rows, cols}.bytes(); }

  /// The stored numbers.
  detail::StoredBytes numbers() const {
    return {file, offset, is_plain() ? bytes() : encoding.number_bytes, crc32c};
  }
};

/// Where the weights of an expert lie in a checkpoint. A bias is a matrix of one row. Parts that the experts of the model do
/// not have are empty.
struct ExpertLocation {
  MatrixLocation gate, up, down;                 // [width, hidden] twice, [hidden, width]
  MatrixLocation gate_bias, up_bias, down_bias;  // [1, width] twice, [1, hidden]

  /// The size in memory.
  std::size_t bytes() const;

  /// The number of bytes that are read from files. A range of bytes that several parts share counts once.
  std::size_t stored_bytes() const;

  /// Whether all parts are stored as kernels read them.
  bool is_plain() const;
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// The parts of an expert, in the order in which they lie in memory.
inline constexpr std::size_t expert_parts = 6;
inline constexpr std::array<std::string_view, expert_parts> expert_part_names{
    "gate", "up", "down", "gate bias", "up bias", "down bias"};

std::array<const MatrixLocation*, expert_parts> parts_of(const ExpertLocation& location);

/// Views of the parts of an expert: a bias as a matrix of one row.
std::array<Matrix, expert_parts> parts_of(const ExpertWeights& weights);

/// The expert with these parts.
ExpertWeights weights_of(const std::array<Matrix, expert_parts>& parts);

/// The ranges of bytes that contain an expert. A range that several parts share is listed once.
class StoredRanges {
 public:
  static constexpr std::size_t none = SIZE_MAX, most = 2 * expert_parts;

  explicit StoredRanges(const ExpertLocation& location);

  std::size_t size() const { return size_; }
  const StoredBytes& operator[](std::size_t range) const { return ranges_[range]; }

  /// The index of the range with the numbers of a part, and with the scales of a part; `none` if there is no such range.
  std::size_t numbers_of(std::size_t part) const { return numbers_[part]; }
  std::size_t scales_of(std::size_t part) const { return scales_[part]; }

  /// The first part that a range belongs to, for errors.
  std::string_view name_of(std::size_t range) const;

 private:
  std::size_t add(const StoredBytes& bytes);

  std::array<StoredBytes, most> ranges_;
  std::size_t size_ = 0;
  std::array<std::size_t, expert_parts> numbers_, scales_;
};

/// The tables of a catalog. Their sizes are linear in the number of tensors and of experts that the checkpoint has.
struct CatalogTables {
  struct Layer {
    std::size_t first = 0;    // the index of its first expert
    std::size_t present = 0;  // experts that the checkpoint has
    std::size_t experts = 0;  // missing experts included
  };

  std::vector<Layer> layers;
  std::vector<ExpertId> ids;              // by index, ascending
  std::vector<ExpertLocation> locations;  // by index
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "expert_location.ipp"
#endif
