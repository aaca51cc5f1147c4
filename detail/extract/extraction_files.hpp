#pragma once
#include "../core/crc32c.hpp"
#include "../io/checkpoint.hpp"
#include "../io/gguf_parser.hpp"
#include "gguf_head.hpp"
#include "planned_tensor.hpp"
#include "source_metadata.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::detail {

/// What every tensor of an extraction begins at a multiple of: then experts can be read directly.
inline constexpr std::uint32_t extraction_alignment = 4096;

/// One of the two files of an extraction: its name, and what stands in front of its data.
class ExtractionFile {
 public:
  /// `source`, `tensors`: must outlive it.
  ExtractionFile(std::string_view name, const Checkpoint& source, const std::vector<PlannedTensor>& tensors)
      : name_(name),
        source_(source),
        tensors_(tensors),
        layout_(head(std::vector<std::uint32_t>(tensors.size()), 0)) {}

  std::string_view name() const { return name_; }
  const std::vector<PlannedTensor>& tensors() const { return tensors_; }

  /// Where that tensor begins in the file, and how long the file is.
  std::uint64_t offset(std::size_t tensor) const { return head_bytes_ + layout_.begin(tensor); }
  std::uint64_t bytes() const { return head_bytes_ + layout_.aligned(layout_.data_bytes()); }

  /// The head when all tensors have these checksums. It has one itself: of all its bytes, with that one as 0.
  std::string head_text(const std::vector<std::uint32_t>& checksums) const {
    const std::string unsigned_text = head(checksums, 0).bytes();
    return head(checksums, crc32c(std::as_bytes(std::span(unsigned_text.data(), unsigned_text.size()))))
        .bytes();
  }

  /// Whether the file at `path` is this one, complete. Compares heads, which have the checksums of the data.
  bool is_at(const std::string& path) const {
    if (!is_file(path) || !is_gguf(path)) return false;
    const File file(path);
    std::vector<std::uint32_t> checksums(tensors_.size());
    const GgufContents contents = GgufParser(file).parse();
    const GgufValue* stored = contents.metadata.find("moe.crc32c");
    if (file.size() != bytes() || !stored || stored->count != checksums.size()) return false;
    file.read_at(stored->offset, std::as_writable_bytes(std::span(checksums)));
    std::string text(static_cast<std::size_t>(head_bytes_), '\0');
    file.read_at(0, std::as_writable_bytes(std::span(text.data(), text.size())));
    return text == head_text(checksums);
  }

 private:
  GgufHead head(const std::vector<std::uint32_t>& checksums, std::uint32_t own_checksum) const {
    GgufHead out(std::string(name_), extraction_alignment);
    out.set("moe.head_crc32c", own_checksum);
    out.set("moe.crc32c", std::span<const std::uint32_t>(checksums));
    describe_source(source_, out);
    for (const PlannedTensor& tensor : tensors_) out.add(tensor.name, *tensor.to, tensor.shape);
    return out;
  }

  std::string_view name_;
  const Checkpoint& source_;
  const std::vector<PlannedTensor>& tensors_;
  GgufHead layout_;
  std::uint64_t head_bytes_ = layout_.bytes().size();
};

/// The files that a directory has of these are copied as they are.
inline constexpr std::string_view copied_files[] = {
    "tokenizer.json",      "tokenizer_config.json", "vocab.json",
    "merges.txt",          "added_tokens.json",     "special_tokens_map.json",
    "chat_template.jinja", "chat_template.json",    "generation_config.json"};

}  // namespace moe::detail
