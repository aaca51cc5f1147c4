#pragma once
#include "../core/config.hpp"
#include "../io/checkpoint.hpp"
#include "gguf_head.hpp"
#include "planned_tensor.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// What every tensor of an extraction begins at a multiple of: then experts can be read directly.
inline constexpr std::uint32_t extraction_alignment = 4096;

/// One of the two files of an extraction: its name, and what stands in front of its data.
class ExtractionFile {
 public:
  /// `source`, `tensors`: must outlive it.
  ExtractionFile(std::string_view name, const Checkpoint& source, const std::vector<PlannedTensor>& tensors);

  std::string_view name() const { return name_; }
  const std::vector<PlannedTensor>& tensors() const { return tensors_; }

  /// Where that tensor begins in the file, and how long the file is.
  std::uint64_t offset(std::size_t tensor) const { return head_bytes_ + layout_.begin(tensor); }
  std::uint64_t bytes() const { return head_bytes_ + layout_.aligned(layout_.data_bytes()); }

  /// The head when all tensors have these checksums. It has one itself: of all its bytes, with that one as 0.
  std::string head_text(const std::vector<std::uint32_t>& checksums) const;

  /// Whether the file at `path` is this one, complete. Compares heads, which have the checksums of the data.
  bool is_at(const std::string& path) const;

 private:
  GgufHead head(const std::vector<std::uint32_t>& checksums, std::uint32_t own_checksum) const;

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

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "extraction_files.ipp"
#endif
