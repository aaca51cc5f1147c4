// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/random_access_output.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The progress of an extraction: the checksums of the tensors that are complete on the disk, in the order of the plan. An
/// interrupted extraction resumes after these tensors. The journal is two files in a directory: `plan.txt` describes the source
/// and the options, `checksums` has one record per tensor.
///
/// Both files may be damaged, so the journal proves nothing: the caller compares the tensors with their checksums.
class Journal {
 public:
  static constexpr std::string_view file_names[] = {"plan.txt", "checksums"};

  /// The number of valid records before the first invalid one, at most `tensors`; 0 if `directory` has no journal.
  static std::size_t entries(const std::string& directory, std::size_t tensors);

  /// Opens the journal in `directory`; without a journal, creates an empty `checksums`, and begin() writes `plan.txt`. `plan`:
  /// the description of the extraction; `tensors`: the number of its tensors. Throws if the journal has another plan, or if
  /// another process has locked the journal.
  Journal(const std::string& directory, std::string_view plan, std::size_t tensors);

  /// The CRC-32C of each recorded tensor, in the order of the plan.
  const std::vector<std::uint32_t>& checksums() const { return checksums_; }

  /// Writes the plan unless the journal has one. From then on the extraction can be resumed.
  void begin(std::string_view plan);

  /// Keeps the records of the first `tensors` tensors.
  void truncate(std::size_t tensors);

  /// Appends the checksums of the next tensors, whose bytes are on the disk. Returns when the records are on the disk too.
  void add(std::span<const std::uint32_t> checksums);

 private:
  std::string plan_path_;
  RandomAccessOutput file_;
  std::vector<std::uint32_t> checksums_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "journal.ipp"
#endif
