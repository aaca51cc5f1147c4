#pragma once
#include "../core/dequantise.hpp"
#include "../core/thread_pool.hpp"
#include "planned_tensor.hpp"
#include "quantise.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moe::detail {

/// Stores pieces of tensors in other types, on several threads.
class TypeConversion {
 public:
  /// How many numbers a piece has at most. Whole blocks of every type.
  static constexpr std::size_t most_numbers = std::size_t{1} << 20;

  /// `piece`: numbers of the tensor as they lie in its source, whole blocks of both types. Returns them in the type of the
  /// result; valid until the next call.
  std::span<const std::byte> convert(const PlannedTensor& tensor, std::span<const std::byte> piece) {
    const std::size_t numbers = piece.size() / tensor.from->bytes * tensor.from->elements;
    numbers_.resize(numbers);
    stored_.resize(bytes_of(tensor.to->dtype, numbers));
    pool_.for_each((numbers + part - 1) / part, [&](std::size_t i, std::size_t) noexcept {
      const std::size_t begin = i * part, count = (std::min)(part, numbers - begin);
      const std::span<float> values = std::span(numbers_).subspan(begin, count);
      dequantise(Vector{piece.data() + bytes_of(tensor.from->dtype, begin), tensor.from->dtype, count},
                 values);
      quantise(
          values, tensor.to->dtype,
          std::span(stored_).subspan(bytes_of(tensor.to->dtype, begin), bytes_of(tensor.to->dtype, count)));
    });
    return stored_;
  }

 private:
  static constexpr std::size_t part = std::size_t{1} << 15;  // numbers that a thread takes at once

  ThreadPool pool_;
  std::vector<float> numbers_;
  std::vector<std::byte> stored_;
};

}  // namespace moe::detail
