// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/function_ref.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace moe::inline MOE_ABI {

/// Compares every byte of an extraction's GGUF files with the checksums in them. The padding between tensors must be zeros.
class Verification {
 public:
  /// `path`: the directory, or one of its files. Throws if a file cannot be opened or has no checksums, or if experts.gguf
  /// is missing although dense.gguf says that there are experts. Throws if a file has another size than its tensors with their
  /// padding. In a directory, small copies of the experts are verified too; throws if a small copy is a copy of other experts.
  explicit Verification(const std::string& path);
  Verification(Verification&&) noexcept;
  Verification& operator=(Verification&&) noexcept;
  ~Verification();

  /// The size of all files in bytes.
  std::uint64_t bytes() const;
  /// The number of tensors in all files.
  std::size_t tensors() const;

  /// Throws at the first difference; the error names the file and the tensor. Calls progress(bytes) for every piece that was
  /// read: bytes() altogether.
  void run(FunctionRef<void(std::uint64_t)> progress = {}) const;

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "verification.ipp"
#endif
