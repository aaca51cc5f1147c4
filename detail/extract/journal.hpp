#pragma once
#include "../core/crc32c.hpp"
#include "../core/error.hpp"
#include "../io/file.hpp"
#include "../io/output_file.hpp"
#include "../io/random_access_output.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::detail {

/// What an extraction needs to know when it goes on after an interruption: of which tensors all bytes are on the disk, and
/// their checksums. Two files in a directory: `plan.txt`, which says what is extracted, and `checksums`, which grows.
class Journal {
 public:
  static constexpr std::string_view file_names[] = {"plan.txt", "checksums"};

  /// How many tensors the journal in `directory` says are done.
  static std::size_t entries(const std::string& directory) {
    if (!is_file(join_path(directory, file_names[0])) || !is_file(join_path(directory, file_names[1])))
      return 0;
    return read_records(File(join_path(directory, file_names[1]))).size();
  }

  /// Goes on with the journal in `directory` if it is of the same plan, and begins it otherwise. Throws if it is of another
  /// one, or if another process writes it.
  Journal(const std::string& directory, std::string_view plan)
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

  const std::vector<std::uint32_t>& checksums() const { return checksums_; }

  /// Says that all has been set up: from now on the extraction can be resumed.
  void begin(std::string_view plan) {
    if (!is_file(plan_path_)) write_text(plan_path_, plan);
  }

  /// Forgets all tensors.
  void clear() {
    checksums_.clear();
    file_.resize(0);
  }

  /// Adds the checksums of the next tensors, whose bytes are on the disk.
  void add(std::span<const std::uint32_t> checksums) {
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

 private:
  /// The checksum of a tensor, and one of that and the tensor's number: what a crash left half written is seen.
  using Record = std::array<std::uint32_t, 2>;

  static Record record(std::size_t tensor, std::uint32_t checksum) {
    const std::array<std::uint32_t, 2> both{checksum, static_cast<std::uint32_t>(tensor)};
    return {checksum, crc32c(std::as_bytes(std::span(both)))};
  }

  static std::vector<std::uint32_t> read_records(const File& file) {
    std::vector<Record> records(static_cast<std::size_t>(file.size() / sizeof(Record)));
    file.read_at(0, std::as_writable_bytes(std::span(records)));
    std::vector<std::uint32_t> checksums;
    for (const Record& found : records) {
      if (found != record(checksums.size(), found[0])) break;
      checksums.push_back(found[0]);
    }
    return checksums;
  }

  std::string plan_path_;
  RandomAccessOutput file_;
  std::vector<std::uint32_t> checksums_;
};

}  // namespace moe::detail
