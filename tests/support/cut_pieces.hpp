// SPDX-License-Identifier: MIT
#pragma once
#include "detail/text/pre_tokenizer.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using Pieces = std::vector<std::string>;

/// The pieces into which the function written by hand for a pattern cuts a text.
inline Pieces cut_pieces(const moe::detail::SplitPattern& pattern, std::string_view text) {
  Pieces pieces;
  while (!text.empty()) {
    const std::size_t size = pattern.first_piece(text);
    REQUIRE(size > 0);
    REQUIRE(size <= text.size());
    pieces.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return pieces;
}
