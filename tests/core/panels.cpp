// SPDX-License-Identifier: MIT
#include "detail/core/panels.hpp"
#include "support/random_blocks.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <vector>

using moe::DType;
using moe::Matrix;

namespace {

/// A matrix of 32 random rows, with three blocks each.
struct PanelCase {
  explicit PanelCase(DType type)
      : cols(3 * moe::detail::layout_of(type).elements),
        bytes(random_blocks(type, 32 * cols, 5, 0)),
        rows{bytes.data(), type, 32, cols} {}

  std::size_t cols;
  std::vector<std::byte> bytes;
  Matrix rows;
};

constexpr DType panel_types[] = {DType::q8_0, DType::q4_0, DType::q6_k, DType::q5_k, DType::q4_k};

/// Whether byte `at` of a block belongs to an f16 number, and the first byte of its field.
bool in_half(DType type, std::size_t at) {
  for (const std::size_t half : halves_of(type))
    if (at == half || at == half + 1) return true;
  return false;
}
std::size_t begin_of_field(DType type, std::size_t at) {
  if (in_half(type, at)) return at / 2 * 2;
  const std::size_t halves =
      type == DType::q6_k ? 0 : 2 * halves_of(type).size();  // that stand before the groups
  return (at - halves) / 4 * 4 + halves;
}

}  // namespace

TEST_CASE("panels: the byte `at` of row r stands in the field of its panel, at 16 · at + r · width") {
  for (const DType type : panel_types) {
    const PanelCase panel_case(type);
    std::vector<std::byte> panels(panel_case.bytes.size());
    CHECK(moe::detail::to_panels(panel_case.rows, panels.data()).order == Matrix::Order::panels);
    const std::size_t block = moe::detail::layout_of(type).bytes, row_bytes = panel_case.rows.row_bytes();
    for (std::size_t row = 0; row < 32; ++row)
      for (std::size_t at = 0; at < row_bytes; ++at) {
        const std::size_t field = at / block * block + begin_of_field(type, at % block);
        const std::size_t width = in_half(type, at % block) ? 2 : 4;
        const std::size_t in_panel = row / 16 * 16 * row_bytes + 16 * field + row % 16 * width + (at - field);
        REQUIRE(panels[in_panel] == panel_case.bytes[row * row_bytes + at]);
      }
  }
}

TEST_CASE("panels: made in place they have the same bytes") {
  for (const DType type : panel_types) {
    PanelCase panel_case(type);
    std::vector<std::byte> panels(panel_case.bytes.size());
    moe::detail::to_panels(panel_case.rows, panels.data());
    moe::detail::to_panels_in_place(panel_case.rows, panel_case.bytes.data());
    CHECK(panel_case.bytes == panels);
  }
}

TEST_CASE("panels: copy_row gives each row of a matrix in rows and in panels") {
  for (const DType type : panel_types) {
    const PanelCase panel_case(type);
    std::vector<std::byte> panels(panel_case.bytes.size());
    const Matrix in_panels = moe::detail::to_panels(panel_case.rows, panels.data());
    std::vector<std::byte> row(in_panels.row_bytes());
    for (std::size_t r = 0; r < 32; ++r)
      for (const Matrix& matrix : {panel_case.rows, in_panels}) {
        moe::detail::copy_row(matrix, r, row.data());
        CHECK(std::memcmp(row.data(), panel_case.rows.row(r).data, row.size()) == 0);
      }
  }
}

TEST_CASE("panels: quantised matrices with a multiple of 16 rows fit, others do not") {
  CHECK(moe::detail::fits_panels({nullptr, DType::q4_0, 48, 64}));
  CHECK_FALSE(moe::detail::fits_panels({nullptr, DType::q4_0, 40, 64}));
  CHECK_FALSE(moe::detail::fits_panels({nullptr, DType::bf16, 48, 64}));
  CHECK_FALSE(moe::detail::fits_panels({nullptr, DType::mxfp4, 48, 64}));
  CHECK_FALSE(moe::detail::fits_panels({nullptr, DType::q4_0, 48, 64, Matrix::Order::panels}));
}
