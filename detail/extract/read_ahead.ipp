// SPDX-License-Identifier: MIT
#pragma once
#include "read_ahead.hpp"
#include "../core/start_thread.hpp"
#include "../experts/matrix_decoder.hpp"
#include "type_conversion.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE ReadAhead::ReadAhead(const std::vector<File>& files, std::vector<const PlannedTensor*> tensors)
    : files_(files), tensors_(std::move(tensors)), pieces_(pieces), unused_(pieces) {
  for (std::size_t i = 0; i < pieces; ++i) unused_.push(Pages(piece_bytes));
  thread_ = start_thread("reading", [this] { run(); });
}

MOE_INLINE ReadAhead::~ReadAhead() {
  pieces_.close();
  unused_.close();
  thread_.join();
}

MOE_INLINE std::span<const std::byte> ReadAhead::next() {
  if (current_) unused_.push(std::move(current_->memory));
  current_ = pieces_.pop();
  if (!current_) {
    MOE_ASSERT(error_);
    std::rethrow_exception(error_);
  }
  return {current_->memory.data(), current_->bytes};
}

MOE_INLINE void ReadAhead::run() {
  try {
    for (const PlannedTensor* tensor : tensors_)
      if (!read(*tensor)) return;
  } catch (...) {
    error_ = std::current_exception();
    pieces_.close();
  }
}

MOE_INLINE bool ReadAhead::read(const PlannedTensor& tensor) {
  if (tensor.encoded) {
    decoded_.resize(tensor.encoded->bytes());
    read_matrix(files_, *tensor.encoded, decoded_.data());
  }
  const GgmlType& type = *tensor.from;
  const std::uint64_t most =
      tensor.converted() ? TypeConversion::most_numbers / type.elements * type.bytes : piece_bytes;
  const std::uint64_t end = tensor.source_bytes();
  for (std::uint64_t at = 0; at < end; at += most) {
    std::optional<Pages> memory = unused_.pop();
    if (!memory) return false;
    Piece piece{std::move(*memory), static_cast<std::size_t>((std::min)(most, end - at))};
    if (tensor.encoded) {
      std::memcpy(piece.memory.data(), decoded_.data() + at, piece.bytes);
    } else {
      files_[tensor.file].read_at(tensor.offset + at, {piece.memory.data(), piece.bytes});
    }
    if (!pieces_.push(std::move(piece))) return false;
  }
  return true;
}

}  // namespace moe::inline MOE_ABI::detail
