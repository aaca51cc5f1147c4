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

/// Writes tensors into files, in large pieces, on a thread of its own. Now and then it waits until all is on the disk, and
/// then notes in the journal which tensors are.
class WriteBehind {
 public:
  /// `journal_bytes`: how much is written between two entries.
  WriteBehind(Journal& journal, std::size_t journal_bytes);
  ~WriteBehind() { stop(); }
  WriteBehind(const WriteBehind&) = delete;
  WriteBehind& operator=(const WriteBehind&) = delete;

  /// What follows goes into that file, from that offset on, a multiple of the alignment.
  void begin(RandomAccessOutput& file, std::uint64_t offset);

  void append(std::span<const std::byte> bytes);

  /// Ends a tensor of that checksum: fills up with zeros to the next multiple of the alignment.
  void end_tensor(std::uint32_t checksum);

  /// Returns when everything is on the disk and in the journal. Throws what writing threw.
  void finish();

 private:
  static constexpr std::size_t pieces = 4, most_piece_bytes = std::size_t{8} << 20;

  struct Piece {
    Pages memory;
    RandomAccessOutput* file = nullptr;
    std::uint64_t offset = 0;
    std::size_t bytes = 0;
    std::vector<std::uint32_t> ended;  // the checksums of tensors whose last byte is in this piece
  };

  /// The piece that is being filled, which has room for at least a byte, or is where the last tensor ended.
  Piece& room();

  void flush();

  void stop();

  void write();

  void write(Piece& piece);

  void note();

  Journal& journal_;
  const std::size_t journal_bytes_, piece_bytes_;
  Channel<Piece> pieces_;
  Channel<Pages> unused_;
  Piece current_;  // without a file: none
  RandomAccessOutput* next_file_ = nullptr;
  std::uint64_t next_offset_ = 0;

  // Of the thread:
  std::vector<RandomAccessOutput*> written_;  // since the last entry
  std::vector<std::uint32_t> ended_;          // in these
  std::size_t since_note_ = 0;
  std::exception_ptr error_;  // set before the channels are closed

  std::thread thread_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "write_behind.ipp"
#endif
