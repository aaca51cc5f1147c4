// SPDX-License-Identifier: MIT
#include "detail/core/panels.hpp"
#include "support/random_blocks.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <iterator>
#include <string_view>
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

/// All types that kernels multiply with integers.
std::vector<DType> panel_types() {
  std::vector<DType> out(std::begin(block_types), std::end(block_types));
  std::erase_if(out, [](DType type) { return !moe::detail::is_quantised(type); });
  return out;
}

/// A field of a block: its first byte and its width.
struct Field {
  std::size_t begin, width;
};

/// The field that byte `at` of a block belongs to: an f16 number or a group of four bytes.
Field field_of(DType type, std::size_t at) {
  if (type == DType::iq4_xs) return {at / 4 * 4, 4};
  const std::vector<std::size_t> halves = halves_of(type);
  for (const std::size_t half : halves)
    if (at == half || at == half + 1) return {half, 2};
  const std::size_t first_group = halves[0] == 0 ? 2 * halves.size() : 0;
  return {(at - first_group) / 4 * 4 + first_group, 4};
}

}  // namespace

TEST_CASE("panels: the byte `at` of row r stands in the field of its panel, at 16 · at + r · width") {
  for (const DType type : panel_types()) {
    const PanelCase panel_case(type);
    std::vector<std::byte> panels(panel_case.bytes.size());
    CHECK(moe::detail::to_panels(panel_case.rows, panels.data()).order == Matrix::Order::panels);
    const std::size_t block = moe::detail::layout_of(type).bytes, row_bytes = panel_case.rows.row_bytes();
    for (std::size_t row = 0; row < 32; ++row)
      for (std::size_t at = 0; at < row_bytes; ++at) {
        const Field field = field_of(type, at % block);
        const std::size_t begin = at / block * block + field.begin;
        const std::size_t in_panel =
            row / 16 * 16 * row_bytes + 16 * begin + row % 16 * field.width + (at - begin);
        REQUIRE(panels[in_panel] == panel_case.bytes[row * row_bytes + at]);
      }
  }
}

TEST_CASE("panels: made in place they have the same bytes") {
  for (const DType type : panel_types()) {
    PanelCase panel_case(type);
    std::vector<std::byte> panels(panel_case.bytes.size());
    moe::detail::to_panels(panel_case.rows, panels.data());
    moe::detail::to_panels_in_place(panel_case.rows, panel_case.bytes.data());
    CHECK(panel_case.bytes == panels);
  }
}

TEST_CASE("panels: copy_row gives each row of a matrix in rows and in panels") {
  for (const DType type : panel_types()) {
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

TEST_CASE("panels: all integer types fit; float types and numbers that are no type do not") {
  for (int number = 0; number < 256; ++number) {
    const auto type = static_cast<DType>(number);
    const std::string_view name = moe::detail::name(type);
    CAPTURE(number);
    CHECK(moe::detail::fits_panels({nullptr, type, 16, 256}) ==
          (name.starts_with("q") || name.starts_with("iq")));
  }
}
