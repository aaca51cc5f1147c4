// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/thread_pool.hpp"
#include "planned_tensor.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Converts pieces of tensors into other types, on several threads.
class TypeConversion {
 public:
  /// The most numbers in a piece: a multiple of the block size of every type.
  static constexpr std::size_t most_numbers = std::size_t{1} << 20;

  /// Converts a part of a tensor from the type in the source to the type in the result. `piece`: numbers in the type of the
  /// source; their number is a multiple of the block sizes of both types. The result is valid until the next call.
  std::span<const std::byte> convert(const PlannedTensor& tensor, std::span<const std::byte> piece);

 private:
  static constexpr std::size_t part = std::size_t{1} << 15;  // numbers per task of a thread

  ThreadPool pool_;
  std::vector<float> numbers_;
  std::vector<std::byte> stored_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "type_conversion.ipp"
#endif
