// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../experts/expert.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace moe::inline MOE_ABI {

/// The tokens of one expert: slots [first, first + count) of a batch. A slot is the place of one token and one of its experts.
struct ExpertGroup {
  std::uint32_t expert = 0;  // of the layer
  std::size_t first = 0;     // the first slot
  std::size_t count = 0;     // the number of slots
};

/// The experts of one layer for the tokens of a step: for every slot s of each group,
///   results[s] = down · activation(gate · x, up · x),  x = inputs[token_of[s]]
/// with the weights of the expert of the group. The results are not multiplied by the router's weights: the transformer adds
/// them up in the router's order, so that no bit depends on who computes them.
///
/// The results of slots without a group are not written, so a batch can be divided by its groups.
///
/// The inputs are given as f32, as int8, or in both forms. The int8 form has one scale for each 32 numbers, so `hidden` must be
/// a multiple of 32; kernels multiply quantised weights with this form. A batch with only the int8 form suffices for experts
/// whose gate and up are quantised. The tokens may belong to several texts.
struct ExpertBatch {
  std::uint32_t layer = 0;                       // counted from 0, dense layers included
  std::size_t tokens = 0;                        // rows of the inputs
  std::size_t hidden = 0;                        // the width of inputs and results
  std::span<const ExpertGroup> groups = {};      // ascending experts and slots, no group empty
  std::span<const std::uint32_t> token_of = {};  // [slots]
  std::span<const float> weights = {};           // [slots]: the router's weights
  std::span<const float> inputs = {};            // [tokens, hidden], or empty
  std::span<const std::int8_t> quants = {};      // [tokens, hidden], or empty
  std::span<const float> scales = {};            // [tokens, hidden / 32], or empty; x = scale · quant
  std::span<float> results = {};                 // [slots, hidden]; overlaps no input
  // Whether each text has one token: then the next tokens will probably use many of the same experts.
  bool decode = false;
  std::span<const ExpertId> predicted = {};  // experts that a later layer will probably choose; often empty

  /// The number of pairs of a token and one of its experts.
  std::size_t slots() const { return token_of.size(); }
};

}  // namespace moe::inline MOE_ABI
