// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/function_ref.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace moe::inline MOE_ABI {

/// Compares every byte of an extraction's GGUF files with the checksums in them. The padding behind each
/// tensor must be zeros.
class Verification {
 public:
  /// `path`: the directory, or one of its files. Throws if a file cannot be opened or has no checksums, or if experts.gguf
  /// is missing although dense.gguf says that there are experts. Throws if a file with tensors does not end with the padding
  /// behind its last tensor. In a directory, small copies of the experts (see io/small_copy.hpp) are verified too; throws if a
  /// small copy was not made from the experts.gguf of the directory.
  explicit Verification(const std::string& path);
  Verification(Verification&&) noexcept;
  Verification& operator=(Verification&&) noexcept;
  ~Verification();

  /// The size of all files in bytes.
  std::uint64_t bytes() const;
  /// The number of tensors in all files.
  std::size_t tensors() const;

  /// Throws at the first difference; the error names the file, and the tensor, the head or the byte of padding. Calls
  /// progress(n) after each piece of n bytes; the sum of all n is bytes().
  void run(FunctionRef<void(std::uint64_t)> progress = {}) const;

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "verification.ipp"
#endif
