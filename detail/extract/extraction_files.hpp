// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/checkpoint.hpp"
#include "gguf_head.hpp"
#include "planned_tensor.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Every tensor of an extraction begins at a multiple of this number of bytes: the alignment of direct reads.
inline constexpr std::uint32_t extraction_alignment = 4096;

/// The description of one file of an extraction: the name, the tensors and the head of dense.gguf, of experts.gguf or of a
/// small copy of the experts.
class ExtractionFile {
 public:
  /// `source` and `tensors` must outlive the object. experts: the number of experts in the extraction.
  /// is_small_copy: the file holds a small copy of the experts of another file.
  ExtractionFile(std::string name, const Checkpoint& source, const std::vector<PlannedTensor>& tensors,
                 std::uint32_t experts, bool is_small_copy = false);

  const std::string& name() const { return name_; }
  bool is_small_copy() const { return is_small_copy_; }
  const std::vector<PlannedTensor>& tensors() const { return tensors_; }

  /// The range of a tensor in the file, with the padding behind the tensor; and the size of the file.
  std::uint64_t begin(std::size_t tensor) const { return head_bytes_ + layout_.begin(tensor); }
  std::uint64_t end(std::size_t tensor) const { return head_bytes_ + layout_.aligned(layout_.end(tensor)); }
  std::uint64_t bytes() const { return head_bytes_ + layout_.aligned(layout_.data_bytes()); }

  /// The head of the file, given the CRC-32C of each tensor. The head contains a CRC-32C of its own bytes, computed with 0
  /// in the place of this CRC-32C. copy_of: for a small copy, head_checksum() of the file with the exact experts; otherwise 0.
  std::string head_text(const std::vector<std::uint32_t>& checksums, std::uint32_t copy_of = 0) const;

  /// The CRC-32C that the head contains.
  std::uint32_t head_checksum(const std::vector<std::uint32_t>& checksums, std::uint32_t copy_of = 0) const;

  /// Whether the file at `path` has the size and the head of this file. The checksums of the tensors and `copy_of` are taken
  /// from the head at `path`, and the data are not read. Throws if a GGUF file at `path` is malformed.
  bool is_at(const std::string& path) const;

 private:
  GgufHead head(const std::vector<std::uint32_t>& checksums, std::uint32_t copy_of,
                std::uint32_t own_checksum) const;

  std::string name_;
  const Checkpoint& source_;
  const std::vector<PlannedTensor>& tensors_;
  std::uint32_t experts_;
  bool is_small_copy_;
  GgufHead layout_;
  std::uint64_t head_bytes_ = layout_.bytes().size();
};

/// The files of the source's directory that are copied unchanged.
inline constexpr std::string_view copied_files[] = {
    "tokenizer.json",      "tokenizer_config.json", "vocab.json",
    "merges.txt",          "added_tokens.json",     "special_tokens_map.json",
    "chat_template.jinja", "chat_template.json",    "generation_config.json"};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "extraction_files.ipp"
#endif
