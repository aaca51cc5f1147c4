#pragma once
#include "../core/config.hpp"
#include "../core/function_ref.hpp"
#include "../io/checkpoint.hpp"
#include "../io/random_access_output.hpp"
#include "extract_options.hpp"
#include "extraction_files.hpp"
#include "extraction_plan.hpp"
#include "journal.hpp"
#include "read_ahead.hpp"
#include "type_conversion.hpp"
#include "write_behind.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI {

/// Stores a checkpoint, or a part of it, so that experts are read fast: a directory with dense.gguf, experts.gguf and the
/// files of the tokenizer. Memory stays small whatever the size. The work is done in OUT.partial, which no reader takes for
/// a checkpoint, and gets its name when it is complete and on the disk; an interrupted extraction goes on where it was.
///
///   moe::Extraction extraction(moe::Checkpoint("Qwen3-30B-A3B"), "out", {.type = moe::DType::q4_0});
///   extraction.run();
class Extraction {
 public:
  /// Plans, and writes nothing. Throws if the source has not what is asked for, or if `out` is something else already.
  Extraction(const Checkpoint& source, std::string out, ExtractOptions options = {});
  Extraction(const Extraction&) = delete;
  Extraction& operator=(const Extraction&) = delete;

  /// Whether there is nothing to be done.
  bool complete() const { return complete_; }

  /// Of the files of the result; of the tensors in them; and of those that are not written yet.
  std::uint64_t bytes() const;
  std::uint64_t data_bytes() const { return bytes_from(0); }
  std::uint64_t bytes_left() const;

  /// How many experts are extracted, how many are not, and what these would take.
  std::size_t experts() const { return plan_.experts.size() / 3; }
  std::size_t experts_left_out() const { return plan_.experts_left_out; }
  std::uint64_t bytes_left_out() const { return plan_.bytes_left_out; }

  /// The tensors that keep their type because rows are no whole blocks of the wanted one.
  const std::vector<std::string>& not_converted() const { return plan_.not_converted; }

  /// Does the work. Calls progress(bytes) whenever so many more bytes are on their way to the disk. Throws if there is not
  /// enough room, if anything cannot be read or written, or if another process does the same.
  void run(FunctionRef<void(std::uint64_t)> progress = {});

 private:
  static std::string without_slashes(std::string path);

  static std::filesystem::path path(const std::string& utf8);

  /// Of the tensors from that one on.
  std::uint64_t bytes_from(std::size_t tensor) const;

  bool is_complete() const;

  void require_space() const;

  /// Says what is extracted from what: only the same may be resumed.
  std::string plan_text() const;

  static std::uint32_t crc_of(std::string_view text);

  /// Makes the files in their full sizes, without heads, and copies those of the tokenizer.
  std::vector<detail::RandomAccessOutput> prepare(detail::Journal& journal) const;

  void copy(std::string_view name) const;

  void write_tensors(detail::Journal& journal, std::vector<detail::RandomAccessOutput>& outputs,
                     FunctionRef<void(std::uint64_t)> progress) const;

  static void write_tensor(const detail::PlannedTensor& tensor, detail::ReadAhead& source,
                           detail::WriteBehind& writer, detail::TypeConversion& conversion,
                           FunctionRef<void(std::uint64_t)> progress);

  /// Writes what stands in front of the data. Only the last four bytes make the files such that can be opened, and those of
  /// dense.gguf come last.
  void write_heads(const detail::Journal& journal, std::vector<detail::RandomAccessOutput>& outputs) const;

  void publish() const;

  /// Removes what an extraction leaves beside its result, and nothing else.
  void remove_leftovers() const;

  Checkpoint source_;
  std::string out_, partial_, result_;
  ExtractOptions options_;
  detail::ExtractionPlan plan_;
  std::vector<detail::ExtractionFile> files_;
  std::vector<const detail::PlannedTensor*> tensors_;  // of all files
  bool complete_ = false;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "extraction.ipp"
#endif
