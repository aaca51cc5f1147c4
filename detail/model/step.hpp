// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/function_ref.hpp"
#include "arena.hpp"
#include "compute.hpp"
#include "restriction_statistics.hpp"
#include "routes.hpp"
#include "state.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// The arena of the intermediate results of a step, and the values that determine, together with the spec, the sizes of these
/// results. Contains no weights, so that the bytes of a step can be counted without weights.
struct Workspace {
  Arena& arena;
  std::size_t tokens;
  std::size_t threads;
  bool bf16_dot;                   // whether products take their inputs as bf16
  bool experts_elsewhere = false;  // whether an executor computes the experts
};

/// The part of one sequence in a step: consecutive tokens, in consecutive rows.
struct StepText {
  SequenceState& state;
  std::size_t position;                             // of the first token
  std::size_t first;                                // the row of the first token
  std::size_t tokens;                               // at least 1
  FunctionRef<void(const Routes&)> on_routes = {};  // called before the experts of a layer are acquired
  RestrictionStatistics restriction = {};           // of the sequence; restricted routers add to it

  /// The position of the token in a row of this text.
  std::size_t position_of(std::size_t row) const { return position + row - first; }
};

/// Consecutive rows of one text.
struct RowTile {
  StepText& text;
  std::size_t first;
  std::size_t count;
};

/// Tokens that go through the layers together, one row each: all tokens of the first text, then all tokens of the second
/// text, and so on. Each row gets the bits that it gets in any other step.
struct Step {
  const Compute& compute;
  Arena& arena;
  std::size_t tokens;  // of all texts
  std::span<StepText> texts;

  const simd::Kernels& kernels() const { return compute.kernels(); }
  Workspace workspace() const {
    return {arena, tokens, compute.threads(), compute.kernels().to_bf16 != nullptr};
  }

  /// Whether each text has one token, so that the step generates texts and reads no prompt.
  bool is_decode() const { return tokens == texts.size(); }

  StepText& text_of(std::size_t row) const {
    StepText* text = texts.data();
    while (row >= text->first + text->tokens) ++text;
    return *text;
  }

  /// The number of tiles if each text is divided into tiles of `most` rows, the last tile of a text having the rest.
  std::size_t tiles(std::size_t most) const {
    std::size_t sum = 0;
    for (const StepText& text : texts) sum += (text.tokens + most - 1) / most;
    return sum;
  }

  /// The index-th of these tiles.
  RowTile tile(std::size_t index, std::size_t most) const {
    StepText* text = texts.data();
    for (std::size_t here; index >= (here = (text->tokens + most - 1) / most); ++text) index -= here;
    const std::size_t first = index * most;
    return {*text, text->first + first, std::min(most, text->tokens - first)};
  }
};

}  // namespace moe::inline MOE_ABI::detail
