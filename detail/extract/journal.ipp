#pragma once
#include "journal.hpp"
#include "../core/crc32c.hpp"
#include "../core/error.hpp"
#include "../io/output_file.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::size_t Journal::entries(const std::string& directory) {
  if (!is_file(join_path(directory, file_names[0])) || !is_file(join_path(directory, file_names[1])))
    return 0;
  return read_records(File(join_path(directory, file_names[1]))).size();
}

MOE_INLINE Journal::Journal(const std::string& directory, std::string_view plan)
    : plan_path_(join_path(directory, file_names[0])), file_(join_path(directory, file_names[1])) {
  file_.lock();
  if (is_file(plan_path_)) {
    if (read_text(plan_path_) != plan)
      fail(directory, "interrupted extraction",
           "one from the same source with the same options; remove the directory to start anew", "another");
    checksums_ = read_records(File(file_.path()));
  }
  file_.resize(checksums_.size() * sizeof(Record));
}

MOE_INLINE void Journal::begin(std::string_view plan) {
  if (!is_file(plan_path_)) write_text(plan_path_, plan);
}

MOE_INLINE void Journal::clear() {
  checksums_.clear();
  file_.resize(0);
}

MOE_INLINE void Journal::add(std::span<const std::uint32_t> checksums) {
  if (checksums.empty()) return;
  std::vector<Record> records;
  const std::uint64_t offset = checksums_.size() * sizeof(Record);
  for (const std::uint32_t checksum : checksums) {
    records.push_back(record(checksums_.size(), checksum));
    checksums_.push_back(checksum);
  }
  file_.write_at(offset, std::as_bytes(std::span(records)));
  file_.sync();
}

MOE_INLINE Journal::Record Journal::record(std::size_t tensor, std::uint32_t checksum) {
  const std::array<std::uint32_t, 2> both{checksum, static_cast<std::uint32_t>(tensor)};
  return {checksum, crc32c(std::as_bytes(std::span(both)))};
}

MOE_INLINE std::vector<std::uint32_t> Journal::read_records(const File& file) {
  std::vector<Record> records(static_cast<std::size_t>(file.size() / sizeof(Record)));
  file.read_at(0, std::as_writable_bytes(std::span(records)));
  std::vector<std::uint32_t> checksums;
  for (const Record& found : records) {
    if (found != record(checksums.size(), found[0])) break;
    checksums.push_back(found[0]);
  }
  return checksums;
}

}  // namespace moe::inline MOE_ABI::detail
