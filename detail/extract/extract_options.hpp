// SPDX-License-Identifier: MIT
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
  // "thinker": the source must be a Qwen3-Omni; empty: any source. Both extract the text model.
  std::string component = {};
  IndexRange layers = {};          // the layers to extract
  ExpertSelection experts = {};    // the experts to extract from these layers
  std::optional<DType> type = {};  // of the matrices of experts; without a value the source's type

  // Also stores the same experts in this type, as experts.TYPE.gguf: a small copy that only Checkpoint::small_copy() opens, for
  // a FallbackProvider. The other files are the same with and without a small copy.
  std::optional<DType> also = {};

  // The type of the other matrices that kernels multiply as they are stored; without a value the source's type. Routers, norms,
  // biases, convolutions and small projections always keep the source's type.
  std::optional<DType> dense_type = {};

  // The bytes that are written between two points at which an interrupted run can resume.
  std::size_t checkpoint_bytes = 256 << 20;
};

}  // namespace moe::inline MOE_ABI
