#pragma once
#include "../core/config.hpp"
#include "../io/file.hpp"
#include "../io/random_access_output.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// What an extraction needs to know when it goes on after an interruption: of which tensors all bytes are on the disk, and
/// their checksums. Two files in a directory: `plan.txt`, which says what is extracted, and `checksums`, which grows.
class Journal {
 public:
  static constexpr std::string_view file_names[] = {"plan.txt", "checksums"};

  /// How many tensors the journal in `directory` says are done.
  static std::size_t entries(const std::string& directory);

  /// Goes on with the journal in `directory` if it is of the same plan, and begins it otherwise. Throws if it is of another
  /// one, or if another process writes it.
  Journal(const std::string& directory, std::string_view plan);

  const std::vector<std::uint32_t>& checksums() const { return checksums_; }

  /// Says that all has been set up: from now on the extraction can be resumed.
  void begin(std::string_view plan);

  /// Forgets all tensors.
  void clear();

  /// Adds the checksums of the next tensors, whose bytes are on the disk.
  void add(std::span<const std::uint32_t> checksums);

 private:
  /// The checksum of a tensor, and one of that and the tensor's number: what a crash left half written is seen.
  using Record = std::array<std::uint32_t, 2>;

  static Record record(std::size_t tensor, std::uint32_t checksum);

  static std::vector<std::uint32_t> read_records(const File& file);

  std::string plan_path_;
  RandomAccessOutput file_;
  std::vector<std::uint32_t> checksums_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "journal.ipp"
#endif
