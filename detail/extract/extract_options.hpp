#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"
#include "expert_selection.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace moe::inline MOE_ABI {

/// What is extracted of a checkpoint, and how it is stored.
struct ExtractOptions {
  std::string component = {};      // "thinker": of a Qwen3-Omni, which must be one; empty: the text model
  IndexRange layers = {};          // with all that belongs to them
  ExpertSelection experts = {};    // of those layers
  std::optional<DType> type = {};  // of experts; nothing: as they are
  std::optional<DType> dense_type = {};      // of other matrices, the router excepted; nothing: as they are
  std::size_t checkpoint_bytes = 256 << 20;  // how much is written between two places to resume at
};

}  // namespace moe::inline MOE_ABI
