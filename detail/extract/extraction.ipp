// SPDX-License-Identifier: MIT
#pragma once
#include "extraction.hpp"
#include "../core/concat.hpp"
#include "../core/crc32c.hpp"
#include "../core/error.hpp"
#include "../experts/catalog.hpp"
#include "../io/file.hpp"
#include "../io/output_file.hpp"
#include "../io/pages.hpp"
#include "../io/path_object.hpp"
#include "../io/random_access_output.hpp"
#include "../io/small_copy.hpp"
#include "../io/system_write.hpp"
#include "extraction_files.hpp"
#include "extraction_plan.hpp"
#include "journal.hpp"
#include "planned_tensor.hpp"
#include "read_ahead.hpp"
#include "type_conversion.hpp"
#include "write_behind.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::filesystem::path filesystem_path(const std::string& utf8) {
  return std::filesystem::path(std::u8string(utf8.begin(), utf8.end()));
}

/// Calls `action`. An error of std::filesystem becomes an Error about `path`.
template <class Action>
auto with_moe_errors(const std::string& path, Action action) try {
  return action();
} catch (const std::system_error& error) {
  fail(path, "extraction", "a successful call of the system", error.what());
}

/// The absolute path without symbolic links, without `.` and `..`, and without a slash at its end. The file need not exist.
MOE_INLINE std::string resolved_path(const std::string& given) {
  return with_moe_errors(given, [&] {
    std::filesystem::path path =
        std::filesystem::weakly_canonical(std::filesystem::absolute(filesystem_path(given)));
    if (!path.has_filename()) path = path.parent_path();
    return utf8_of(path);
  });
}

/// The absolute path of the output directory OUT.
MOE_INLINE std::string resolved_output(const std::string& out) {
  expect(!out.empty(), "extraction", "output", "the name of a directory", "an empty name");
  return resolved_path(out);
}

MOE_INLINE std::uint32_t crc32c_of_text(std::string_view text) {
  return crc32c(std::as_bytes(std::span(text.data(), text.size())));
}

/// A tensor's place in the result.
struct OutputTensor {
  const PlannedTensor* plan;
  std::size_t file;          // the index of a file of the extraction
  std::uint64_t begin, end;  // in that file; `end` includes the padding behind the tensor
};

/// Whether the next `bytes` bytes of `source` have this checksum, and the bytes after these, up to `all` bytes, are zero.
MOE_INLINE bool is_intact(ReadAhead& source, std::uint64_t bytes, std::uint64_t all, std::uint32_t checksum) {
  std::uint32_t found = 0;
  bool padding_is_zero = true;
  for (std::uint64_t at = 0; at < all;) {
    const std::span<const std::byte> piece = source.next();
    const std::uint64_t data = at < bytes ? (std::min)(bytes - at, std::uint64_t{piece.size()}) : 0;
    found = crc32c(piece.first(static_cast<std::size_t>(data)), found);
    for (const std::byte byte : piece.subspan(static_cast<std::size_t>(data)))
      padding_is_zero = padding_is_zero && byte == std::byte{};
    at += piece.size();
  }
  return found == checksum && padding_is_zero;
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

class Extraction::Work {
 public:
  Work(const Checkpoint& source, const std::string& out, const ExtractOptions& options);

  const detail::ExtractionPlan& plan() const { return plan_; }
  bool is_complete() const;
  std::uint64_t file_bytes() const;
  std::uint64_t data_bytes() const { return data_bytes_from(0); }
  std::uint64_t bytes_left() const;
  std::uint64_t space_bytes(std::size_t intact) const;
  void run(FunctionRef<void(std::uint64_t)> progress) const;

 private:
  using Outputs = std::vector<detail::RandomAccessOutput>;
  using Progress = FunctionRef<void(std::uint64_t)>;

  std::string result_path(std::string_view name) const { return detail::join_path(result_, name); }
  std::uint64_t data_bytes_from(std::size_t tensor) const;
  std::string plan_text() const;
  std::string source_text() const;
  void require_space(std::size_t intact) const;
  std::size_t intact_tensors(const std::vector<std::uint32_t>& checksums, Progress progress) const;
  void prepare_files(Outputs& outputs, std::size_t intact, bool resumed) const;
  bool is_copied(std::string_view name) const;
  void copy(std::string_view name) const;
  void write_tensors(detail::Journal& journal, Outputs& outputs, Progress progress) const;
  void write_heads(const detail::Journal& journal, Outputs& outputs) const;
  std::uint32_t checksum_of_experts(const std::vector<std::uint32_t>& checksums) const;
  void publish() const;
  void remove_leftovers() const;

  Checkpoint source_;
  std::string out_, partial_, result_;
  std::size_t checkpoint_bytes_;
  detail::ExtractionPlan plan_;
  std::vector<detail::ExtractionFile> files_;
  std::vector<detail::OutputTensor> tensors_;  // of all files, in the order in which they are written
};

MOE_INLINE Extraction::Work::Work(const Checkpoint& source, const std::string& out,
                                  const ExtractOptions& options)
    : source_(source),
      out_(detail::resolved_output(out)),
      partial_(out_ + ".partial"),
      result_(detail::join_path(partial_, "result")),
      checkpoint_bytes_(options.checkpoint_bytes),
      plan_(detail::plan_extraction(ExpertCatalog(source, {.allow_partial = true}), options)) {
  files_.emplace_back("dense.gguf", source_, plan_.dense, plan_.experts_extracted);
  if (!plan_.experts.empty())
    files_.emplace_back("experts.gguf", source_, plan_.experts, plan_.experts_extracted);
  if (!plan_.small_copies.empty())
    files_.emplace_back(detail::small_copy_name(*options.also), source_, plan_.small_copies,
                        plan_.experts_extracted, true);
  for (std::size_t f = 0; f < files_.size(); ++f)
    for (std::size_t i = 0; i < files_[f].tensors().size(); ++i)
      tensors_.push_back({&files_[f].tensors()[i], f, files_[f].begin(i), files_[f].end(i)});
  (void)is_complete();  // throws if `out` exists and is not this extraction
}

MOE_INLINE std::uint64_t Extraction::Work::file_bytes() const {
  std::uint64_t sum = 0;
  for (const detail::ExtractionFile& file : files_) sum += file.bytes();
  return sum;
}

MOE_INLINE std::uint64_t Extraction::Work::data_bytes_from(std::size_t tensor) const {
  std::uint64_t sum = 0;
  for (; tensor < tensors_.size(); ++tensor) sum += tensors_[tensor].plan->bytes();
  return sum;
}

MOE_INLINE std::uint64_t Extraction::Work::bytes_left() const {
  return is_complete() ? 0 : data_bytes_from(detail::Journal::entries(partial_, tensors_.size()));
}

MOE_INLINE bool Extraction::Work::is_complete() const {
  const std::filesystem::path out = detail::filesystem_path(out_);
  bool exists = false, directory = false, empty = false;
  detail::with_moe_errors(out_, [&] {
    const std::filesystem::file_status status = std::filesystem::symlink_status(out);
    exists = std::filesystem::exists(status);
    directory = std::filesystem::is_directory(status);
    empty = directory && std::filesystem::is_empty(out);
  });
  if (!exists || empty) return false;
  for (const detail::ExtractionFile& file : files_)
    if (!directory || !file.is_at(detail::join_path(out_, file.name())))
      detail::fail(out_, "output", "a new directory, or this extraction, complete",
                   directory ? "a directory with something else" : "something else");
  return true;
}

/// The space in bytes that is needed when the first `intact` tensors are in place. A file takes whole pages on the disk.
MOE_INLINE std::uint64_t Extraction::Work::space_bytes(std::size_t intact) const {
  const auto pages = [](std::uint64_t bytes) {
    return (bytes + detail::Pages::page_bytes - 1) / detail::Pages::page_bytes * detail::Pages::page_bytes;
  };
  std::uint64_t sum = file_bytes() + pages(plan_text().size()) + pages(tensors_.size() * 8);
  for (std::size_t i = 0; i < intact; ++i) sum -= tensors_[i].end - tensors_[i].begin;
  for (const std::string_view name : detail::copied_files)
    if (const std::string from = detail::join_path(source_.directory(), name);
        detail::is_file(from) && !is_copied(name))
      sum += pages(File(from).size());
  return sum;
}

MOE_INLINE void Extraction::Work::require_space(std::size_t intact) const {
  std::filesystem::path place = detail::filesystem_path(out_).parent_path();
  // If `error` is set, the free space is unknown, and the extraction is tried without this check.
  std::error_code error;
  while (!std::filesystem::exists(place, error) && place.has_relative_path()) place = place.parent_path();
  const std::filesystem::space_info space = std::filesystem::space(place, error);
  const std::uint64_t needed = space_bytes(intact);
  if (!error && space.available < needed)
    detail::fail(out_, "free space", detail::concat(needed, " bytes"), detail::concat(space.available));
}

MOE_INLINE void Extraction::Work::run(Progress progress) const {
  if (!is_complete()) {
    const bool resumed = detail::Journal::entries(partial_, tensors_.size()) > 0;
    if (!resumed) require_space(0);
    detail::with_moe_errors(result_,
                            [&] { std::filesystem::create_directories(detail::filesystem_path(result_)); });
    detail::Journal journal(partial_, plan_text(), tensors_.size());
    Outputs outputs;
    for (const detail::ExtractionFile& file : files_) outputs.emplace_back(result_path(file.name()));
    journal.truncate(intact_tensors(journal.checksums(), progress));
    prepare_files(outputs, journal.checksums().size(), resumed);
    journal.begin(plan_text());
    detail::sync_directory(partial_);
    write_tensors(journal, outputs, progress);
    write_heads(journal, outputs);
    outputs.clear();  // Windows renames no directory with open files
    publish();
  }
  remove_leftovers();
}

/// Describes what is extracted from which files: an interrupted extraction resumes only with the same text.
MOE_INLINE std::string Extraction::Work::plan_text() const {
  std::string sources;
  for (const detail::OutputTensor& tensor : tensors_)
    sources += detail::concat(tensor.plan->file, ' ', tensor.plan->offset, ' ',
                              tensor.plan->encoded ? tensor.plan->encoded->encoding.first : 0, ' ',
                              tensor.plan->from->name, '\n');
  std::string out = source_text();
  out += detail::concat("tensors ", tensors_.size(), ", ", detail::crc32c_of_text(sources), '\n');
  for (const detail::ExtractionFile& file : files_) {
    const std::string head = file.head_text(std::vector<std::uint32_t>(file.tensors().size()));
    out += detail::concat(file.name(), ", ", file.bytes(), " bytes, ", detail::crc32c_of_text(head), '\n');
  }
  return out;
}

MOE_INLINE std::string Extraction::Work::source_text() const {
  std::string out = "moe extraction 2\n";
  for (const File& file : source_.files()) {
    const auto time = detail::with_moe_errors(
        file.path(), [&] { return std::filesystem::last_write_time(detail::filesystem_path(file.path())); });
    out += detail::concat("source ", detail::resolved_path(file.path()), ", ", file.size(), " bytes, ",
                          static_cast<long long>(time.time_since_epoch().count()), '\n');
  }
  return out;
}

/// How many leading tensors are in the files of an interrupted run, with these checksums and with zeros as padding.
MOE_INLINE std::size_t Extraction::Work::intact_tensors(const std::vector<std::uint32_t>& checksums,
                                                        Progress progress) const {
  std::vector<File> files;
  for (const detail::ExtractionFile& file : files_) files.emplace_back(result_path(file.name()));
  std::vector<detail::PlannedTensor> ranges;
  for (std::size_t i = 0; i < checksums.size() && tensors_[i].end <= files[tensors_[i].file].size(); ++i)
    ranges.push_back(
        detail::planned_bytes(tensors_[i].plan->name, tensors_[i].file, tensors_[i].begin, tensors_[i].end));
  std::vector<const detail::PlannedTensor*> pointers;
  for (const detail::PlannedTensor& range : ranges) pointers.push_back(&range);
  detail::ReadAhead source(files, pointers);
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const std::uint64_t bytes = tensors_[i].plan->bytes();
    if (!detail::is_intact(source, bytes, ranges[i].bytes(), checksums[i])) return i;
    if (progress) progress(bytes);
  }
  return ranges.size();
}

/// Cuts each file behind its intact tensors, which frees the disk space of the rest, and in a resumed extraction checks that
/// there is space for the rest. Then sets all files to their final size without allocating disk space, and copies the files of
/// `copied_files`.
MOE_INLINE void Extraction::Work::prepare_files(Outputs& outputs, std::size_t intact, bool resumed) const {
  std::vector<std::uint64_t> ends(files_.size());
  for (std::size_t i = 0; i < intact; ++i) ends[tensors_[i].file] = tensors_[i].end;
  for (std::size_t f = 0; f < files_.size(); ++f) outputs[f].resize(ends[f]);
  if (resumed) require_space(intact);
  for (std::size_t f = 0; f < files_.size(); ++f) {
    outputs[f].resize(files_[f].bytes());
    outputs[f].sync();
  }
  for (const std::string_view name : detail::copied_files) copy(name);
  detail::sync_directory(result_);
}

MOE_INLINE bool Extraction::Work::is_copied(std::string_view name) const {
  const std::string from = detail::join_path(source_.directory(), name), to = result_path(name);
  return detail::is_file(to) && File(to).size() == File(from).size() &&
         detail::read_text(to) == detail::read_text(from);
}

MOE_INLINE void Extraction::Work::copy(std::string_view name) const {
  const std::string from = detail::join_path(source_.directory(), name), to = result_path(name);
  if (!detail::is_file(from)) return;
  if (!is_copied(name)) detail::write_text(to, detail::read_text(from));
  detail::RandomAccessOutput(to).sync();
}

MOE_INLINE void Extraction::Work::write_tensors(detail::Journal& journal, Outputs& outputs,
                                                Progress progress) const {
  std::vector<const detail::PlannedTensor*> plans;
  const std::size_t first = journal.checksums().size();
  for (std::size_t i = first; i < tensors_.size(); ++i) plans.push_back(tensors_[i].plan);
  detail::ReadAhead source(source_.files(), plans);
  detail::WriteBehind writer(journal, checkpoint_bytes_);
  detail::TypeConversion conversion;
  for (std::size_t i = first; i < tensors_.size(); ++i) {
    const detail::PlannedTensor& tensor = *tensors_[i].plan;
    writer.begin(outputs[tensors_[i].file], tensors_[i].begin);
    std::uint32_t checksum = 0;
    for (std::uint64_t left = tensor.bytes(); left > 0;) {
      std::span<const std::byte> piece = source.next();
      if (tensor.converted()) piece = conversion.convert(tensor, piece);
      checksum = detail::crc32c(piece, checksum);
      writer.append(piece);
      left -= piece.size();
      if (progress) progress(piece.size());
    }
    writer.end_tensor(checksum);
  }
  writer.finish();
}

/// The CRC-32C in the head of experts.gguf, which a small copy of the experts states.
MOE_INLINE std::uint32_t Extraction::Work::checksum_of_experts(
    const std::vector<std::uint32_t>& checksums) const {
  const auto first = checksums.begin() + static_cast<std::ptrdiff_t>(plan_.dense.size());
  return files_[1].head_checksum({first, first + static_cast<std::ptrdiff_t>(plan_.experts.size())});
}

/// Writes the heads in front of the data. A file can be opened once its first four bytes are written, and the first four bytes
/// of dense.gguf are written last.
MOE_INLINE void Extraction::Work::write_heads(const detail::Journal& journal, Outputs& outputs) const {
  const std::vector<std::uint32_t>& checksums = journal.checksums();
  auto end = checksums.end();
  for (std::size_t i = files_.size(); i-- > 0;) {
    const auto begin = end - static_cast<std::ptrdiff_t>(files_[i].tensors().size());
    const std::uint32_t copy_of = files_[i].is_small_copy() ? checksum_of_experts(checksums) : 0;
    const std::string head = files_[i].head_text({begin, end}, copy_of);
    outputs[i].write_at(4, std::string_view(head).substr(4));
    outputs[i].sync();
    outputs[i].write_at(0, std::string_view(head).substr(0, 4));
    outputs[i].sync();
    end = begin;
  }
}

MOE_INLINE void Extraction::Work::publish() const {
  const std::filesystem::path out = detail::filesystem_path(out_);
  detail::sync_directory(result_);
  detail::with_moe_errors(out_, [&] {
    if (std::filesystem::is_directory(out)) std::filesystem::remove(out);  // fails unless it is empty
  });
  if (!detail::rename_file(result_, out_))
    detail::fail(out_, "output", "a path to which the complete extraction can be renamed",
                 detail::message_of(detail::last_error()));
  detail::sync_directory(detail::parent_directory(out_));
}

/// Removes the journal, and OUT.partial if this directory is empty afterwards.
MOE_INLINE void Extraction::Work::remove_leftovers() const {
  std::error_code ignored;
  for (const std::string_view name : detail::Journal::file_names)
    std::filesystem::remove(detail::filesystem_path(detail::join_path(partial_, name)), ignored);
  std::filesystem::remove(detail::filesystem_path(partial_), ignored);
}

MOE_INLINE Extraction::Extraction(const Checkpoint& source, const std::string& out,
                                  const ExtractOptions& options)
    : work_(std::make_unique<const Work>(source, out, options)) {}

MOE_INLINE Extraction::Extraction(Extraction&&) noexcept = default;
MOE_INLINE Extraction& Extraction::operator=(Extraction&&) noexcept = default;
MOE_INLINE Extraction::~Extraction() = default;

MOE_INLINE bool Extraction::complete() const { return work_->is_complete(); }
MOE_INLINE std::uint64_t Extraction::bytes() const { return work_->file_bytes(); }
MOE_INLINE std::uint64_t Extraction::data_bytes() const { return work_->data_bytes(); }
MOE_INLINE std::uint64_t Extraction::bytes_left() const { return work_->bytes_left(); }
MOE_INLINE std::uint64_t Extraction::space_bytes() const { return work_->space_bytes(0); }
MOE_INLINE std::size_t Extraction::experts() const { return work_->plan().experts_extracted; }
MOE_INLINE std::size_t Extraction::experts_left_out() const { return work_->plan().experts_left_out; }
MOE_INLINE std::uint64_t Extraction::bytes_left_out() const { return work_->plan().bytes_left_out; }
MOE_INLINE const std::vector<std::string>& Extraction::not_converted() const {
  return work_->plan().not_converted;
}

MOE_INLINE void Extraction::run(FunctionRef<void(std::uint64_t)> progress) { work_->run(progress); }

}  // namespace moe::inline MOE_ABI
