// SPDX-License-Identifier: MIT
#pragma once
#include "detail/core/dequantise.hpp"
#include "detail/core/tensor.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/experts/expert.hpp"
#include "detail/experts/expert_location.hpp"
#include "support/expert_files.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

/// Lists of parts, numbered as in ExpertLocation.
inline const std::vector<std::size_t> three_matrices{0, 1, 2}, all_six_parts{0, 1, 2, 3, 4, 5},
    up_and_down{1, 2};

/// The expected numbers of the parts of experts, by their indices.
using PartNumbers =
    std::function<float(std::size_t expert, std::size_t part, std::size_t row, std::size_t col)>;

/// Reads all experts of a layer, and checks that they have exactly these parts, and in them the given numbers.
inline void check_expert_numbers(const moe::ExpertCatalog& catalog, const std::vector<std::size_t>& parts,
                                 const PartNumbers& number = expert_number, std::uint32_t layer = 0) {
  REQUIRE(catalog.experts(layer) > 0);
  for (const moe::ExpertId id : catalog.ids(layer)) {
    std::vector<std::byte> memory(catalog.at(id).bytes());
    const auto matrices = moe::detail::parts_of(catalog.read(id, memory.data()));
    std::size_t wrong = 0, bytes = 0;
    for (std::size_t part = 0; part < matrices.size(); ++part) {
      CAPTURE(part);
      const moe::Matrix& matrix = matrices[part];
      bytes += matrix.bytes();
      CHECK((matrix.rows > 0) == (std::find(parts.begin(), parts.end(), part) != parts.end()));
      for (std::size_t row = 0; row < matrix.rows; ++row) {
        const std::vector<float> values = moe::detail::dequantise(matrix.row(row));
        for (std::size_t col = 0; col < values.size(); ++col)
          wrong += values[col] != number(id.expert, part, row, col);
      }
    }
    CHECK(wrong == 0);
    CHECK(bytes == memory.size());
  }
}
