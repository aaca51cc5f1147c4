#pragma once
#include "../io/file.hpp"
#include "../io/pages.hpp"
#include "channel.hpp"
#include "planned_tensor.hpp"
#include "type_conversion.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace moe::detail {

/// Reads tensors from their files, piece by piece, a few pieces ahead of who takes them.
class ReadAhead {
 public:
  /// `tensors` must outlive it.
  ReadAhead(const std::vector<File>& files, std::span<const PlannedTensor* const> tensors)
      : pieces_(pieces), unused_(pieces) {
    for (std::size_t i = 0; i < pieces; ++i) unused_.push(Pages(piece_bytes));
    thread_ = std::thread([this, &files, tensors] { read(files, tensors); });
  }
  ~ReadAhead() {
    pieces_.close();
    unused_.close();
    thread_.join();
  }
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  /// The next piece of the tensors, in their order; valid until the next call. Of a tensor that is converted it is whole
  /// blocks of both types. Throws what reading threw.
  std::span<const std::byte> next() {
    if (current_) unused_.push(std::move(current_->memory));
    current_ = pieces_.pop();
    if (!current_) std::rethrow_exception(error_);
    return {current_->memory.data(), current_->bytes};
  }

 private:
  static constexpr std::size_t pieces = 4, piece_bytes = std::size_t{4} << 20;

  struct Piece {
    Pages memory;
    std::size_t bytes = 0;
  };

  void read(const std::vector<File>& files, std::span<const PlannedTensor* const> tensors) {
    try {
      for (const PlannedTensor* tensor : tensors)
        if (!read(files[tensor->file], *tensor)) return;
    } catch (...) {
      error_ = std::current_exception();
      pieces_.close();
    }
  }

  /// False if nobody wants more.
  bool read(const File& file, const PlannedTensor& tensor) {
    const GgmlType& type = *tensor.from;
    const std::uint64_t most =
        tensor.converted() ? TypeConversion::most_numbers / type.elements * type.bytes : piece_bytes;
    const std::uint64_t end = tensor.source_bytes();
    for (std::uint64_t at = 0; at < end; at += most) {
      std::optional<Pages> memory = unused_.pop();
      if (!memory) return false;
      Piece piece{std::move(*memory), static_cast<std::size_t>((std::min)(most, end - at))};
      file.read_at(tensor.offset + at, {piece.memory.data(), piece.bytes});
      if (!pieces_.push(std::move(piece))) return false;
    }
    return true;
  }

  Channel<Piece> pieces_;
  Channel<Pages> unused_;
  std::optional<Piece> current_;
  std::exception_ptr error_;  // set before pieces_ is closed
  std::thread thread_;
};

}  // namespace moe::detail
