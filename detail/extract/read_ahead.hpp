// SPDX-License-Identifier: MIT
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

/// Reads tensors from their files, piece by piece, on a separate thread that is a few pieces ahead of the caller. If
/// kernels do not take a matrix in its stored form, the thread reads and decodes the whole matrix first.
class ReadAhead {
 public:
  /// `files` and the tensors must outlive the object.
  ReadAhead(const std::vector<File>& files, std::vector<const PlannedTensor*> tensors);
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  /// The next piece of the tensors, in their order; valid until the next call. A piece belongs to one tensor. A piece of a
  /// tensor that will be converted has whole blocks of the types before and after the conversion. Must not be called after the
  /// last piece. Throws the error that ended the thread.
  std::span<const std::byte> next();

 private:
  static constexpr std::size_t pieces = 4, piece_bytes = std::size_t{4} << 20;

  struct Piece {
    Pages memory;
    std::size_t bytes = 0;
  };

  void run();

  /// Returns false if the caller ended the work.
  bool read(const PlannedTensor& tensor);

  const std::vector<File>& files_;
  std::vector<const PlannedTensor*> tensors_;
  Channel<Piece> pieces_;
  Channel<Pages> unused_;
  std::optional<Piece> current_;
  std::vector<std::byte> decoded_;  // the matrix that is being read; used by the thread only
  std::exception_ptr error_;        // set before pieces_ is closed
  std::thread thread_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "read_ahead.ipp"
#endif
