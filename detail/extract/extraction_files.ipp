// SPDX-License-Identifier: MIT
#pragma once
#include "extraction_files.hpp"
#include "../core/crc32c.hpp"
#include "../io/file.hpp"
#include "../io/gguf_parser.hpp"
#include "../io/gguf_path.hpp"
#include "source_metadata.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE ExtractionFile::ExtractionFile(std::string_view name, const Checkpoint& source,
                                          const std::vector<PlannedTensor>& tensors, std::uint32_t experts)
    : name_(name),
      source_(source),
      tensors_(tensors),
      experts_(experts),
      layout_(head(std::vector<std::uint32_t>(tensors.size()), 0)) {}

MOE_INLINE std::string ExtractionFile::head_text(const std::vector<std::uint32_t>& checksums) const {
  const std::string unsigned_text = head(checksums, 0).bytes();
  return head(checksums, crc32c(std::as_bytes(std::span(unsigned_text.data(), unsigned_text.size()))))
      .bytes();
}

MOE_INLINE bool ExtractionFile::is_at(const std::string& path) const {
  if (!is_file(path) || !is_gguf(path)) return false;
  const File file(path);
  if (file.size() != bytes()) return false;
  std::vector<std::uint32_t> checksums(tensors_.size());
  const GgufContents contents = parse_gguf(file);
  const GgufValue* stored = contents.metadata.find("moe.crc32c");
  if (!stored || stored->count != checksums.size() || stored->element_type != GgufType::u32) return false;
  file.read_at(stored->offset, std::as_writable_bytes(std::span(checksums)));
  std::string text(static_cast<std::size_t>(head_bytes_), '\0');
  file.read_at(0, std::as_writable_bytes(std::span(text.data(), text.size())));
  return text == head_text(checksums);
}

MOE_INLINE GgufHead ExtractionFile::head(const std::vector<std::uint32_t>& checksums,
                                         std::uint32_t own_checksum) const {
  GgufHead out(std::string(name_), extraction_alignment);
  out.set("moe.head_crc32c", own_checksum);
  out.set("moe.experts", experts_);
  out.set("moe.crc32c", std::span<const std::uint32_t>(checksums));
  describe_source(source_, out);
  for (const PlannedTensor& tensor : tensors_) out.add(tensor.name, *tensor.to, tensor.shape);
  return out;
}

}  // namespace moe::inline MOE_ABI::detail
