#pragma once
#include "../io/pages.hpp"
#include "../io/random_access_output.hpp"
#include "channel.hpp"
#include "journal.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace moe::detail {

/// Writes tensors into files, in large pieces, on a thread of its own. Now and then it waits until all is on the disk, and
/// then notes in the journal which tensors are.
class WriteBehind {
 public:
  /// `journal_bytes`: how much is written between two entries.
  WriteBehind(Journal& journal, std::size_t journal_bytes)
      : journal_(journal),
        journal_bytes_(journal_bytes),
        piece_bytes_(Pages::rounded((std::clamp)(journal_bytes, std::size_t{1}, most_piece_bytes))),
        pieces_(pieces),
        unused_(pieces) {
    for (std::size_t i = 0; i < pieces; ++i) unused_.push(Pages(piece_bytes_));
    thread_ = std::thread([this] { write(); });
  }
  ~WriteBehind() { stop(); }
  WriteBehind(const WriteBehind&) = delete;
  WriteBehind& operator=(const WriteBehind&) = delete;

  /// What follows goes into that file, from that offset on, a multiple of the alignment.
  void begin(RandomAccessOutput& file, std::uint64_t offset) {
    if (current_.file == &file && current_.offset + current_.bytes == offset) return;
    flush();
    next_file_ = &file;
    next_offset_ = offset;
  }

  void append(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      Piece& piece = room();
      const std::size_t part = (std::min)(bytes.size(), piece_bytes_ - piece.bytes);
      std::memcpy(piece.memory.data() + piece.bytes, bytes.data(), part);
      piece.bytes += part;
      bytes = bytes.subspan(part);
    }
  }

  /// Ends a tensor of that checksum: fills up with zeros to the next multiple of the alignment.
  void end_tensor(std::uint32_t checksum) {
    Piece& piece = room();
    const std::size_t end = Pages::rounded(piece.bytes);
    std::memset(piece.memory.data() + piece.bytes, 0, end - piece.bytes);
    piece.bytes = end;
    piece.ended.push_back(checksum);
  }

  /// Returns when everything is on the disk and in the journal. Throws what writing threw.
  void finish() {
    flush();
    stop();
    if (error_) std::rethrow_exception(error_);
  }

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
  Piece& room() {
    if (current_.bytes == piece_bytes_) flush();
    if (!current_.file) {
      std::optional<Pages> memory = unused_.pop();
      if (!memory) std::rethrow_exception(error_);
      current_ = Piece{std::move(*memory), next_file_, next_offset_, 0, {}};
    }
    return current_;
  }

  void flush() {
    if (!current_.file) return;
    next_file_ = current_.file;
    next_offset_ = current_.offset + current_.bytes;
    pieces_.push(std::move(current_));
    current_ = {};
  }

  void stop() {
    pieces_.close();
    if (thread_.joinable()) thread_.join();
  }

  void write() {
    try {
      while (std::optional<Piece> piece = pieces_.pop()) write(*piece);
      note();
    } catch (...) {
      error_ = std::current_exception();
      pieces_.close();
      unused_.close();
    }
  }

  void write(Piece& piece) {
    piece.file->write_at(piece.offset, {piece.memory.data(), piece.bytes});
    if (std::find(written_.begin(), written_.end(), piece.file) == written_.end())
      written_.push_back(piece.file);
    ended_.insert(ended_.end(), piece.ended.begin(), piece.ended.end());
    since_note_ += piece.bytes;
    unused_.push(std::move(piece.memory));
    if (since_note_ >= journal_bytes_) note();
  }

  void note() {
    for (RandomAccessOutput* file : written_) file->sync();
    journal_.add(ended_);
    written_.clear();
    ended_.clear();
    since_note_ = 0;
  }

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

}  // namespace moe::detail
