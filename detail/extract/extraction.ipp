#pragma once
#include "extraction.hpp"
#include "../core/concat.hpp"
#include "../core/crc32c.hpp"
#include "../core/error.hpp"
#include "../experts/catalog.hpp"
#include "../io/output_file.hpp"
#include "../io/system_write.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

MOE_INLINE Extraction::Extraction(const Checkpoint& source, std::string out, ExtractOptions options)
    : source_(source),
      out_(without_slashes(std::move(out))),
      partial_(out_ + ".partial"),
      result_(detail::join_path(partial_, "result")),
      options_(std::move(options)),
      plan_(detail::ExtractionPlanner(ExpertCatalog(source, {.allow_partial = true}), options_).plan()) {
  files_.emplace_back("dense.gguf", source_, plan_.dense);
  if (!plan_.experts.empty()) files_.emplace_back("experts.gguf", source_, plan_.experts);
  for (const detail::ExtractionFile& file : files_)
    for (const detail::PlannedTensor& tensor : file.tensors()) tensors_.push_back(&tensor);
  complete_ = is_complete();
}

MOE_INLINE std::uint64_t Extraction::bytes() const {
  std::uint64_t sum = 0;
  for (const detail::ExtractionFile& file : files_) sum += file.bytes();
  return sum;
}

MOE_INLINE std::uint64_t Extraction::bytes_left() const {
  return complete_ ? 0 : bytes_from(detail::Journal::entries(partial_));
}

MOE_INLINE void Extraction::run(FunctionRef<void(std::uint64_t)> progress) {
  if (!complete_) {
    require_space();
    std::filesystem::create_directories(path(result_));
    detail::Journal journal(partial_, plan_text());
    std::vector<detail::RandomAccessOutput> outputs = prepare(journal);
    write_tensors(journal, outputs, progress);
    write_heads(journal, outputs);
    publish();
  }
  remove_leftovers();
}

MOE_INLINE std::string Extraction::without_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

MOE_INLINE std::filesystem::path Extraction::path(const std::string& utf8) {
  return std::filesystem::path(std::u8string(utf8.begin(), utf8.end()));
}

MOE_INLINE std::uint64_t Extraction::bytes_from(std::size_t tensor) const {
  std::uint64_t sum = 0;
  for (; tensor < tensors_.size(); ++tensor) sum += tensors_[tensor]->bytes();
  return sum;
}

MOE_INLINE bool Extraction::is_complete() const {
  if (!detail::is_directory(out_) && !detail::is_file(out_)) return false;
  if (detail::is_directory(out_) && std::filesystem::is_empty(path(out_))) return false;
  for (const detail::ExtractionFile& file : files_)
    if (!file.is_at(detail::join_path(out_, file.name())))
      detail::fail(out_, "output", "a new directory, or this extraction, complete", "something else");
  return true;
}

MOE_INLINE void Extraction::require_space() const {
  std::filesystem::path place = path(detail::parent_directory(out_));
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(place, error);
  const std::uint64_t needed = bytes_left();
  if (!error && space.available < needed)
    detail::fail(out_, "free space", detail::concat(needed, " bytes"), detail::concat(space.available));
}

MOE_INLINE std::string Extraction::plan_text() const {
  std::string sources, out = "moe extraction 1\n";
  for (const File& file : source_.files())
    out += detail::concat("source ", file.path(), ", ", file.size(), " bytes, ",
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

MOE_INLINE std::uint32_t Extraction::crc_of(std::string_view text) {
  return detail::crc32c(std::as_bytes(std::span(text.data(), text.size())));
}

MOE_INLINE std::vector<detail::RandomAccessOutput> Extraction::prepare(detail::Journal& journal) const {
  std::vector<detail::RandomAccessOutput> outputs;
  bool as_left = true;
  for (const detail::ExtractionFile& file : files_) {
    outputs.emplace_back(detail::join_path(result_, file.name()));
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

MOE_INLINE void Extraction::copy(std::string_view name) const {
  const std::string from = detail::join_path(source_.directory(), name),
                    to = detail::join_path(result_, name);
  if (!detail::is_file(from)) return;
  detail::write_text(to, detail::read_text(from));
  detail::RandomAccessOutput(to).sync();
}

MOE_INLINE void Extraction::write_tensors(detail::Journal& journal,
                                          std::vector<detail::RandomAccessOutput>& outputs,
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

MOE_INLINE void Extraction::write_tensor(const detail::PlannedTensor& tensor, detail::ReadAhead& source,
                                         detail::WriteBehind& writer, detail::TypeConversion& conversion,
                                         FunctionRef<void(std::uint64_t)> progress) {
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

MOE_INLINE void Extraction::write_heads(const detail::Journal& journal,
                                        std::vector<detail::RandomAccessOutput>& outputs) const {
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

MOE_INLINE void Extraction::publish() const {
  detail::sync_directory(result_);
  if (detail::is_directory(out_)) std::filesystem::remove(path(out_));  // it is empty
  std::filesystem::rename(path(result_), path(out_));
  detail::sync_directory(detail::parent_directory(out_));
}

MOE_INLINE void Extraction::remove_leftovers() const {
  std::error_code ignored;
  for (const std::string_view name : detail::Journal::file_names)
    std::filesystem::remove(path(detail::join_path(partial_, name)), ignored);
  std::filesystem::remove(path(partial_), ignored);
}

}  // namespace moe::inline MOE_ABI
