// SPDX-License-Identifier: MIT
#pragma once
#include "write_behind.hpp"
#include "../core/start_thread.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <optional>
#include <span>
#include <utility>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE WriteBehind::WriteBehind(Journal& journal, std::size_t journal_bytes)
    : journal_(journal),
      journal_bytes_(journal_bytes),
      piece_bytes_(Pages::rounded((std::clamp)(journal_bytes, std::size_t{1}, most_piece_bytes))),
      pieces_(pieces),
      unused_(pieces) {
  for (std::size_t i = 0; i < pieces; ++i) unused_.push(Pages(piece_bytes_));
  thread_ = start_thread("writing", [this] { run(); });
}

MOE_INLINE void WriteBehind::begin(RandomAccessOutput& file, std::uint64_t offset) {
  if (current_.file == &file && current_.offset + current_.bytes == offset) return;
  flush();
  next_file_ = &file;
  next_offset_ = offset;
}

MOE_INLINE void WriteBehind::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    Piece& piece = current();
    const std::size_t part = (std::min)(bytes.size(), piece_bytes_ - piece.bytes);
    std::memcpy(piece.memory.data() + piece.bytes, bytes.data(), part);
    piece.bytes += part;
    bytes = bytes.subspan(part);
  }
}

MOE_INLINE void WriteBehind::end_tensor(std::uint32_t checksum) {
  Piece& piece = current();
  const std::size_t end = Pages::rounded(piece.bytes);
  std::memset(piece.memory.data() + piece.bytes, 0, end - piece.bytes);
  piece.bytes = end;
  piece.ended.push_back(checksum);
}

MOE_INLINE void WriteBehind::finish() {
  flush();
  stop();
  if (error_) std::rethrow_exception(error_);
}

MOE_INLINE WriteBehind::Piece& WriteBehind::current() {
  if (current_.bytes == piece_bytes_) flush();
  if (!current_.file) {
    std::optional<Pages> memory = unused_.pop();
    if (!memory) std::rethrow_exception(error_);
    current_ = Piece{std::move(*memory), next_file_, next_offset_, 0, {}};
  }
  return current_;
}

MOE_INLINE void WriteBehind::flush() {
  if (!current_.file) return;
  next_file_ = current_.file;
  next_offset_ = current_.offset + current_.bytes;
  pieces_.push(std::move(current_));
  current_ = {};
}

MOE_INLINE void WriteBehind::stop() {
  pieces_.close();
  if (thread_.joinable()) thread_.join();
}

MOE_INLINE void WriteBehind::run() {
  try {
    while (std::optional<Piece> piece = pieces_.pop()) write(*piece);
    add_to_journal();
  } catch (...) {
    error_ = std::current_exception();
    pieces_.close();
    unused_.close();
  }
}

MOE_INLINE void WriteBehind::write(Piece& piece) {
  piece.file->write_at(piece.offset, {piece.memory.data(), piece.bytes});
  if (std::find(written_.begin(), written_.end(), piece.file) == written_.end())
    written_.push_back(piece.file);
  ended_.insert(ended_.end(), piece.ended.begin(), piece.ended.end());
  bytes_since_entry_ += piece.bytes;
  unused_.push(std::move(piece.memory));
  if (bytes_since_entry_ >= journal_bytes_) add_to_journal();
}

MOE_INLINE void WriteBehind::add_to_journal() {
  for (RandomAccessOutput* file : written_) file->sync();
  journal_.add(ended_);
  written_.clear();
  ended_.clear();
  bytes_since_entry_ = 0;
}

}  // namespace moe::inline MOE_ABI::detail
