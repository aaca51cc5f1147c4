// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/function_ref.hpp"
#include "../io/checkpoint.hpp"
#include "extract_options.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI {

/// Stores a checkpoint, or a part of it, in a layout that is fast to read: a directory with dense.gguf, experts.gguf and
/// copies of the tokenizer's files. Every expert is one run of whole pages of 4096 bytes, and every tensor has a CRC-32C.
/// Each matrix of an expert becomes a tensor, whatever layout the source has. Other tensors keep the names of the source; only
/// the prefix `model.language_model.` becomes `model.`. The result contains the description of the source: the metadata of a
/// GGUF file, or config.json as `moe.config`. Without a type in the options, the result and the source give equal logits, bit
/// by bit.
///
/// Memory use is small: a few pieces of the files, and at most one matrix that must be rearranged. The files are written in
/// OUT.partial/result, and no reader accepts OUT.partial or unfinished files as a checkpoint. When all files are complete and
/// on the disk, OUT.partial/result is renamed to OUT. An interrupted extraction resumes.
///
///   moe::Extraction extraction(moe::Checkpoint("Qwen3-30B-A3B"), "out", {.type = moe::DType::q4_0});
///   extraction.run();
///
/// For one thread at a time. All failures throw moe::Error, or std::bad_alloc.
class Extraction {
 public:
  /// Plans the work, and writes nothing. Throws if the source lacks something that the options require, or if `out` exists
  /// and is neither an empty directory nor the complete result of this extraction.
  Extraction(const Checkpoint& source, const std::string& out, const ExtractOptions& options = {});
  Extraction(Extraction&&) noexcept;
  Extraction& operator=(Extraction&&) noexcept;
  ~Extraction();

  /// Whether `out` holds the complete result already.
  bool complete() const;

  /// The size of the GGUF files of the result in bytes, padding included.
  std::uint64_t bytes() const;

  /// The size of all tensors of the result in bytes, without padding.
  std::uint64_t data_bytes() const;

  /// The part of data_bytes() that an interrupted run did not complete, according to its journal.
  std::uint64_t bytes_left() const;

  /// The free space in bytes that a run from the beginning needs: the GGUF files with their padding, the files that are copied
  /// from the source, and the journal.
  std::uint64_t space_bytes() const;

  /// The number of experts in the result.
  std::size_t experts() const;
  /// The number of experts of the source that are left out.
  std::size_t experts_left_out() const;
  /// The bytes that the experts left out would take in the result.
  std::uint64_t bytes_left_out() const;

  /// The names of the tensors that keep their type, in a small copy or elsewhere, although the options name another type,
  /// usually because their rows are not whole blocks of that type. Each name once.
  const std::vector<std::string>& not_converted() const;

  /// Does the work. Tensors that an interrupted run completed are read again and compared with their checksums, and are kept
  /// if they are intact. Calls progress(bytes) for every piece of data that was kept or written: data_bytes() altogether. If
  /// complete() is true, only removes what is left in OUT.partial.
  /// Throws if there is too little space, if a file cannot be read or written, or if another process writes the same output.
  void run(FunctionRef<void(std::uint64_t)> progress = {});

 private:
  class Work;
  std::unique_ptr<const Work> work_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "extraction.ipp"
#endif
