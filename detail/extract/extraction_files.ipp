// SPDX-License-Identifier: MIT
#pragma once
#include "extraction_files.hpp"
#include "../core/crc32c.hpp"
#include "../io/file.hpp"
#include "../io/gguf_parser.hpp"
#include "../io/gguf_path.hpp"
#include "../io/small_copy.hpp"
#include "source_metadata.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE ExtractionFile::ExtractionFile(std::string name, const Checkpoint& source,
                                          const std::vector<PlannedTensor>& tensors, std::uint32_t experts,
                                          bool is_small_copy)
    : name_(std::move(name)),
      source_(source),
      tensors_(tensors),
      experts_(experts),
      is_small_copy_(is_small_copy),
      layout_(head(std::vector<std::uint32_t>(tensors.size()), 0, 0)) {}

MOE_INLINE std::string ExtractionFile::head_text(const std::vector<std::uint32_t>& checksums,
                                                 std::uint32_t copy_of) const {
  return head(checksums, copy_of, head_checksum(checksums, copy_of)).bytes();
}

MOE_INLINE std::uint32_t ExtractionFile::head_checksum(const std::vector<std::uint32_t>& checksums,
                                                       std::uint32_t copy_of) const {
  const std::string unsigned_text = head(checksums, copy_of, 0).bytes();
  return crc32c(std::as_bytes(std::span(unsigned_text.data(), unsigned_text.size())));
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
  const std::uint64_t copy_of = contents.metadata.whole(small_copy_key).value_or(0);
  return text == head_text(checksums, static_cast<std::uint32_t>(copy_of));
}

MOE_INLINE GgufHead ExtractionFile::head(const std::vector<std::uint32_t>& checksums, std::uint32_t copy_of,
                                         std::uint32_t own_checksum) const {
  GgufHead out(name_, extraction_alignment);
  out.set("moe.head_crc32c", own_checksum);
  if (is_small_copy_) out.set(small_copy_key, copy_of);
  out.set("moe.experts", experts_);
  out.set("moe.crc32c", std::span<const std::uint32_t>(checksums));
  describe_source(source_, out);
  for (const PlannedTensor& tensor : tensors_) out.add(tensor.name, *tensor.to, tensor.shape);
  return out;
}

}  // namespace moe::inline MOE_ABI::detail
