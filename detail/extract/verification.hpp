#pragma once
#include "../core/config.hpp"
#include "../core/crc32c.hpp"
#include "../core/function_ref.hpp"
#include "../io/file.hpp"
#include "planned_tensor.hpp"
#include "read_ahead.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI {

/// Compares every byte of an extraction's GGUF files with the checksums in them; what lies between tensors must be zeros.
class Verification {
 public:
  /// `path`: the directory, or one of its files. Throws if a file cannot be opened, or has no checksums, or if experts.gguf is
  /// missing although there are routers.
  explicit Verification(const std::string& path);

  std::uint64_t bytes() const;
  std::size_t tensors() const { return tensors_; }

  /// Throws at the first difference. Calls progress(bytes) whenever so many more bytes were read.
  void run(FunctionRef<void(std::uint64_t)> progress = {}) const;

 private:
  /// A part of a file: its head, a tensor, or what lies between two.
  struct Part {
    detail::PlannedTensor place;
    std::optional<std::uint32_t> crc32c;  // without one it is zeros
    std::uint64_t own_checksum = 0;       // of a head: where that stands which counts as 0; 0: nowhere
  };

  void add_file(const std::string& path);

  void add_part(std::string_view name, std::uint64_t begin, std::uint64_t end,
                std::optional<std::uint32_t> crc32c);

  void verify(const Part& part, detail::ReadAhead& source, FunctionRef<void(std::uint64_t)> progress) const;

  /// The checksum of a piece of a head, where its own counts as 0.
  static std::uint32_t head_checksum(std::span<const std::byte> piece, std::uint64_t at, std::uint64_t own,
                                     std::uint32_t before);

  std::vector<File> files_;
  std::vector<Part> parts_;  // front to back
  std::size_t tensors_ = 0;
  bool has_routers_ = false;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "verification.ipp"
#endif
