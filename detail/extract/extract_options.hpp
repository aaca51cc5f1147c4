#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"
#include "expert_selection.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace moe::inline MOE_ABI {

/// The parts of a checkpoint to extract, and the types to store them in.
struct ExtractOptions {
  std::string component = {};      // "thinker": the source must be a Qwen3-Omni; empty: the text model
  IndexRange layers = {};          // everything that belongs to these layers
  ExpertSelection experts = {};    // of those layers
  std::optional<DType> type = {};  // of experts; without a value the source's type
  std::optional<DType> dense_type =
      {};  // of all other matrices but the routers; without a value the source's type
  std::size_t checkpoint_bytes =
      256 << 20;  // written between two points at which an interrupted run can resume
};

}  // namespace moe::inline MOE_ABI
