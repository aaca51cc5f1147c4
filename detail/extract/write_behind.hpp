// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/pages.hpp"
#include "../io/random_access_output.hpp"
#include "channel.hpp"
#include "journal.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <thread>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Writes tensors into files, in large pieces, on a separate thread. After every `journal_bytes` bytes the thread waits until
/// all data is on the disk, and then adds the complete tensors to the journal.
class WriteBehind {
 public:
  /// `journal` must outlive the object.
  WriteBehind(Journal& journal, std::size_t journal_bytes);
  ~WriteBehind() { stop(); }
  WriteBehind(const WriteBehind&) = delete;
  WriteBehind& operator=(const WriteBehind&) = delete;

  /// The next bytes are written into `file` from byte `offset` on. offset: a multiple of RandomAccessOutput::alignment. `file`
  /// must outlive the object.
  void begin(RandomAccessOutput& file, std::uint64_t offset);

  /// Copies the bytes. Throws the error of the thread, which may concern bytes that were appended earlier.
  void append(std::span<const std::byte> bytes);

  /// Ends a tensor whose bytes have this checksum: adds zeros up to the next multiple of RandomAccessOutput::alignment.
  void end_tensor(std::uint32_t checksum);

  /// Returns when everything is on the disk and in the journal. Throws the error of the thread.
  void finish();

 private:
  static constexpr std::size_t pieces = 4, most_piece_bytes = std::size_t{8} << 20;

  struct Piece {
    Pages memory;
    RandomAccessOutput* file = nullptr;
    std::uint64_t offset = 0;
    std::size_t bytes = 0;
    std::vector<std::uint32_t> ended;  // the checksums of the tensors that ended while this piece was filled
  };

  /// The piece that is being filled, which has room for at least one byte.
  Piece& current();

  void flush();

  void stop();

  void run();

  void write(Piece& piece);

  void add_to_journal();

  Journal& journal_;
  const std::size_t journal_bytes_, piece_bytes_;
  Channel<Piece> pieces_;
  Channel<Pages> unused_;
  Piece current_;  // file == nullptr: no piece is being filled
  RandomAccessOutput* next_file_ = nullptr;
  std::uint64_t next_offset_ = 0;

  // Used by the thread only, except for error_, which is set before the channels are closed.
  std::vector<RandomAccessOutput*> written_;  // since the last entry in the journal
  std::vector<std::uint32_t> ended_;          // the checksums of the tensors that ended since then
  std::size_t bytes_since_entry_ = 0;
  std::exception_ptr error_;

  std::thread thread_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "write_behind.ipp"
#endif
