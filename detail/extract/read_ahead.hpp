#pragma once
#include "../core/config.hpp"
#include "../io/file.hpp"
#include "../io/pages.hpp"
#include "channel.hpp"
#include "planned_tensor.hpp"

#include <cstddef>
#include <exception>
#include <optional>
#include <span>
#include <thread>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Reads tensors from their files, piece by piece, a few pieces ahead of who takes them.
class ReadAhead {
 public:
  /// `tensors` must outlive it.
  ReadAhead(const std::vector<File>& files, std::span<const PlannedTensor* const> tensors);
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  /// The next piece of the tensors, in their order; valid until the next call. Of a tensor that is converted it is whole
  /// blocks of both types. Throws what reading threw.
  std::span<const std::byte> next();

 private:
  static constexpr std::size_t pieces = 4, piece_bytes = std::size_t{4} << 20;

  struct Piece {
    Pages memory;
    std::size_t bytes = 0;
  };

  void read(const std::vector<File>& files, std::span<const PlannedTensor* const> tensors);

  /// False if nobody wants more.
  bool read(const File& file, const PlannedTensor& tensor);

  Channel<Piece> pieces_;
  Channel<Pages> unused_;
  std::optional<Piece> current_;
  std::exception_ptr error_;  // set before pieces_ is closed
  std::thread thread_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "read_ahead.ipp"
#endif
