// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// The columns of a trace file.
enum class TraceColumn : std::uint8_t {
  turn,
  phase,
  step,
  layer,
  slot,
  expert,
  weight,
  residency,
  expert_bytes
};

inline constexpr std::array<std::string_view, 9> trace_columns{
    "turn", "phase", "step", "layer", "slot", "expert", "weight", "residency", "expert_bytes"};

constexpr std::string_view name_of(TraceColumn column) {
  return trace_columns[static_cast<std::size_t>(column)];
}

}  // namespace moe::inline MOE_ABI::detail
