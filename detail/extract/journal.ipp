// SPDX-License-Identifier: MIT
#pragma once
#include "journal.hpp"
#include "../core/crc32c.hpp"
#include "../core/error.hpp"
#include "../io/file.hpp"
#include "../io/output_file.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The checksum of a tensor, and the CRC-32C of this checksum and the tensor's number, so that a half-written record is
/// recognised.
using JournalRecord = std::array<std::uint32_t, 2>;

MOE_INLINE JournalRecord journal_record(std::size_t tensor, std::uint32_t checksum) {
  const std::array<std::uint32_t, 2> both{checksum, static_cast<std::uint32_t>(tensor)};
  return {checksum, crc32c(std::as_bytes(std::span(both)))};
}

/// The checksums of the leading valid records. Reads and allocates at most `tensors` records, however large the file is.
MOE_INLINE std::vector<std::uint32_t> read_journal(const File& file, std::size_t tensors) {
  std::vector<JournalRecord> records(static_cast<std::size_t>(
      (std::min)(std::uint64_t{tensors}, std::uint64_t{file.size() / sizeof(JournalRecord)})));
  file.read_at(0, std::as_writable_bytes(std::span(records)));
  std::vector<std::uint32_t> checksums;
  for (const JournalRecord& found : records) {
    if (found != journal_record(checksums.size(), found[0])) break;
    checksums.push_back(found[0]);
  }
  return checksums;
}

MOE_INLINE bool has_text(const std::string& path, std::string_view text) {
  return File(path).size() == text.size() && read_text(path) == text;
}

MOE_INLINE std::size_t Journal::entries(const std::string& directory, std::size_t tensors) {
  const std::string records = join_path(directory, file_names[1]);
  if (!is_file(join_path(directory, file_names[0])) || !is_file(records)) return 0;
  return read_journal(File(records), tensors).size();
}

MOE_INLINE Journal::Journal(const std::string& directory, std::string_view plan, std::size_t tensors)
    : plan_path_(join_path(directory, file_names[0])), file_(join_path(directory, file_names[1])) {
  file_.lock();
  if (is_file(plan_path_)) {
    if (!has_text(plan_path_, plan))
      fail(directory, "interrupted extraction",
           "the same source and the same options as before (remove this directory to start anew)",
           "an extraction of another source or with other options");
    checksums_ = read_journal(File(file_.path()), tensors);
  }
  file_.resize(checksums_.size() * sizeof(JournalRecord));
}

MOE_INLINE void Journal::begin(std::string_view plan) {
  if (!is_file(plan_path_)) write_text(plan_path_, plan);
}

MOE_INLINE void Journal::truncate(std::size_t tensors) {
  checksums_.resize((std::min)(tensors, checksums_.size()));
  file_.resize(checksums_.size() * sizeof(JournalRecord));
}

MOE_INLINE void Journal::add(std::span<const std::uint32_t> checksums) {
  if (checksums.empty()) return;
  std::vector<JournalRecord> records;
  const std::uint64_t offset = checksums_.size() * sizeof(JournalRecord);
  for (const std::uint32_t checksum : checksums) {
    records.push_back(journal_record(checksums_.size(), checksum));
    checksums_.push_back(checksum);
  }
  file_.write_at(offset, std::as_bytes(std::span(records)));
  file_.sync();
}

}  // namespace moe::inline MOE_ABI::detail
