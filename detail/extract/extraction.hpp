#pragma once
#include "../core/crc32c.hpp"
#include "../core/error.hpp"
#include "../core/function_ref.hpp"
#include "../experts/catalog.hpp"
#include "../io/checkpoint.hpp"
#include "../io/output_file.hpp"
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
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe {

/// Stores a checkpoint, or a part of it, so that experts are read fast: a directory with dense.gguf, experts.gguf and the
/// files of the tokenizer. Memory stays small whatever the size. The work is done in OUT.partial, which no reader takes for
/// a checkpoint, and gets its name when it is complete and on the disk; an interrupted extraction goes on where it was.
///
///   moe::Extraction extraction(moe::Checkpoint("Qwen3-30B-A3B"), "out", {.type = moe::DType::q4_0});
///   extraction.run();
class Extraction {
 public:
  /// Plans, and writes nothing. Throws if the source has not what is asked for, or if `out` is something else already.
  Extraction(const Checkpoint& source, std::string out, ExtractOptions options = {})
      : source_(source),
        out_(without_slashes(std::move(out))),
        partial_(out_ + ".partial"),
        result_(join_path(partial_, "result")),
        options_(std::move(options)),
        plan_(detail::ExtractionPlanner(ExpertCatalog(source, {.allow_partial = true}), options_).plan()) {
    files_.emplace_back("dense.gguf", source_, plan_.dense);
    if (!plan_.experts.empty()) files_.emplace_back("experts.gguf", source_, plan_.experts);
    for (const detail::ExtractionFile& file : files_)
      for (const detail::PlannedTensor& tensor : file.tensors()) tensors_.push_back(&tensor);
    complete_ = is_complete();
  }
  Extraction(const Extraction&) = delete;
  Extraction& operator=(const Extraction&) = delete;

  /// Whether there is nothing to be done.
  bool complete() const { return complete_; }

  /// Of the files of the result; of the tensors in them; and of those that are not written yet.
  std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const detail::ExtractionFile& file : files_) sum += file.bytes();
    return sum;
  }
  std::uint64_t data_bytes() const { return bytes_from(0); }
  std::uint64_t bytes_left() const { return complete_ ? 0 : bytes_from(detail::Journal::entries(partial_)); }

  /// How many experts are extracted, how many are not, and what these would take.
  std::size_t experts() const { return plan_.experts.size() / 3; }
  std::size_t experts_left_out() const { return plan_.experts_left_out; }
  std::uint64_t bytes_left_out() const { return plan_.bytes_left_out; }

  /// The tensors that keep their type because rows are no whole blocks of the wanted one.
  const std::vector<std::string>& not_converted() const { return plan_.not_converted; }

  /// Does the work. Calls progress(bytes) whenever so many more bytes are on their way to the disk. Throws if there is not
  /// enough room, if anything cannot be read or written, or if another process does the same.
  void run(FunctionRef<void(std::uint64_t)> progress = {}) {
    if (!complete_) {
      require_space();
      std::filesystem::create_directories(path(result_));
      detail::Journal journal(partial_, plan_text());
      std::vector<RandomAccessOutput> outputs = prepare(journal);
      write_tensors(journal, outputs, progress);
      write_heads(journal, outputs);
      publish();
    }
    remove_leftovers();
  }

 private:
  static std::string without_slashes(std::string path) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path;
  }

  static std::filesystem::path path(const std::string& utf8) {
    return std::filesystem::path(std::u8string(utf8.begin(), utf8.end()));
  }

  /// Of the tensors from that one on.
  std::uint64_t bytes_from(std::size_t tensor) const {
    std::uint64_t sum = 0;
    for (; tensor < tensors_.size(); ++tensor) sum += tensors_[tensor]->bytes();
    return sum;
  }

  bool is_complete() const {
    if (!is_directory(out_) && !is_file(out_)) return false;
    if (is_directory(out_) && std::filesystem::is_empty(path(out_))) return false;
    for (const detail::ExtractionFile& file : files_)
      if (!file.is_at(join_path(out_, file.name())))
        fail(out_, "output", "a new directory, or this extraction, complete", "something else");
    return true;
  }

  void require_space() const {
    std::filesystem::path place = path(parent_directory(out_));
    std::error_code error;
    const std::filesystem::space_info space = std::filesystem::space(place, error);
    const std::uint64_t needed = bytes_left();
    if (!error && space.available < needed)
      fail(out_, "free space", detail::concat(needed, " bytes"), detail::concat(space.available));
  }

  /// Says what is extracted from what: only the same may be resumed.
  std::string plan_text() const {
    std::string sources, out = "moe extraction 1\n";
    for (const File& file : source_.files())
      out +=
          detail::concat("source ", file.path(), ", ", file.size(), " bytes, ",
                         static_cast<long long>(
                             std::filesystem::last_write_time(path(file.path())).time_since_epoch().count()),
                         '\n');
    for (const detail::PlannedTensor* tensor : tensors_)
      sources += detail::concat(tensor->file, ' ', tensor->offset, ' ', tensor->from->name, '\n');
    out += detail::concat("tensors ", tensors_.size(), ", ", crc_of(sources), '\n');
    for (const detail::ExtractionFile& file : files_)
      out += detail::concat(file.name(), ", ", file.bytes(), " bytes, ",
                            crc_of(file.head_text(std::vector<std::uint32_t>(file.tensors().size()))), '\n');
    return out;
  }

  static std::uint32_t crc_of(std::string_view text) {
    return crc32c(std::as_bytes(std::span(text.data(), text.size())));
  }

  /// Makes the files in their full sizes, without heads, and copies those of the tokenizer.
  std::vector<RandomAccessOutput> prepare(detail::Journal& journal) const {
    std::vector<RandomAccessOutput> outputs;
    bool as_left = true;
    for (const detail::ExtractionFile& file : files_) {
      outputs.emplace_back(join_path(result_, file.name()));
      as_left = as_left && outputs.back().size() == file.bytes();
    }
    if (!as_left) journal.clear();
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (!as_left) outputs[i].resize(0);
      outputs[i].resize(files_[i].bytes());
      outputs[i].sync();
    }
    for (const std::string_view name : detail::copied_files) copy(name);
    detail::sync_directory(result_);
    journal.begin(plan_text());
    detail::sync_directory(partial_);
    return outputs;
  }

  void copy(std::string_view name) const {
    const std::string from = join_path(source_.directory(), name), to = join_path(result_, name);
    if (!is_file(from)) return;
    write_text(to, read_text(from));
    RandomAccessOutput(to).sync();
  }

  void write_tensors(detail::Journal& journal, std::vector<RandomAccessOutput>& outputs,
                     FunctionRef<void(std::uint64_t)> progress) const {
    const std::size_t done = journal.checksums().size();
    detail::ReadAhead source(source_.files(), std::span(tensors_).subspan(done));
    detail::WriteBehind writer(journal, options_.checkpoint_bytes);
    detail::TypeConversion conversion;
    std::size_t number = 0;
    for (std::size_t f = 0; f < files_.size(); ++f)
      for (std::size_t i = 0; i < files_[f].tensors().size(); ++i, ++number) {
        if (number < done) continue;
        writer.begin(outputs[f], files_[f].offset(i));
        write_tensor(files_[f].tensors()[i], source, writer, conversion, progress);
      }
    writer.finish();
  }

  static void write_tensor(const detail::PlannedTensor& tensor, detail::ReadAhead& source,
                           detail::WriteBehind& writer, detail::TypeConversion& conversion,
                           FunctionRef<void(std::uint64_t)> progress) {
    std::uint32_t checksum = 0;
    for (std::uint64_t left = tensor.bytes(); left > 0;) {
      std::span<const std::byte> piece = source.next();
      if (tensor.converted()) piece = conversion.convert(tensor, piece);
      checksum = crc32c(piece, checksum);
      writer.append(piece);
      left -= piece.size();
      if (progress) progress(piece.size());
    }
    writer.end_tensor(checksum);
  }

  /// Writes what stands in front of the data. Only the last four bytes make the files such that can be opened, and those of
  /// dense.gguf come last.
  void write_heads(const detail::Journal& journal, std::vector<RandomAccessOutput>& outputs) const {
    const std::vector<std::uint32_t>& all = journal.checksums();
    auto end = all.end();
    for (std::size_t i = files_.size(); i-- > 0;) {
      const auto begin = end - static_cast<std::ptrdiff_t>(files_[i].tensors().size());
      const std::string head = files_[i].head_text({begin, end});
      outputs[i].write_at(4, std::string_view(head).substr(4));
      outputs[i].sync();
      outputs[i].write_at(0, std::string_view(head).substr(0, 4));
      outputs[i].sync();
      end = begin;
    }
  }

  void publish() const {
    detail::sync_directory(result_);
    if (is_directory(out_)) std::filesystem::remove(path(out_));  // it is empty
    std::filesystem::rename(path(result_), path(out_));
    detail::sync_directory(parent_directory(out_));
  }

  /// Removes what an extraction leaves beside its result, and nothing else.
  void remove_leftovers() const {
    std::error_code ignored;
    for (const std::string_view name : detail::Journal::file_names)
      std::filesystem::remove(path(join_path(partial_, name)), ignored);
    std::filesystem::remove(path(partial_), ignored);
  }

  Checkpoint source_;
  std::string out_, partial_, result_;
  ExtractOptions options_;
  detail::ExtractionPlan plan_;
  std::vector<detail::ExtractionFile> files_;
  std::vector<const detail::PlannedTensor*> tensors_;  // of all files
  bool complete_ = false;
};

}  // namespace moe
