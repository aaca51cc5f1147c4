// SPDX-License-Identifier: MIT
#pragma once
#include "verification.hpp"
#include "../core/concat.hpp"
#include "../core/crc32c.hpp"
#include "../core/error.hpp"
#include "../io/file.hpp"
#include "../io/gguf_parser.hpp"
#include "../io/small_copy.hpp"
#include "../io/tensor_info.hpp"
#include "planned_tensor.hpp"
#include "read_ahead.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI {

class Verification::Work {
 public:
  void add_file(const std::string& path);
  void add_small_copies(const std::string& directory);

  std::uint64_t bytes() const;
  std::size_t tensors() const { return tensors_; }
  bool has_experts() const { return has_experts_; }
  void run(FunctionRef<void(std::uint64_t)> progress) const;

 private:
  /// The head of a file, a tensor, or the padding behind a tensor.
  struct Part {
    detail::PlannedTensor range;
    std::optional<std::uint32_t> crc32c;  // empty: padding, whose bytes must all be zero
    // For the head: the offset of its stored checksum, whose four bytes count as 0. For other parts: 0.
    std::uint64_t own_checksum = 0;
  };

  /// Throws unless the file ends at the first multiple of the alignment from `end` on, the end of its last tensor.
  static void require_size(const File& file, std::uint64_t end, std::uint64_t alignment);

  void add_part(std::string_view name, std::uint64_t begin, std::uint64_t end,
                std::optional<std::uint32_t> crc32c);
  void verify(const Part& part, detail::ReadAhead& source, FunctionRef<void(std::uint64_t)> progress) const;
  void require_zeros(const Part& part, std::uint64_t at, std::span<const std::byte> piece) const;
  static std::uint32_t add_checksum(const Part& part, std::uint64_t at, std::span<const std::byte> piece,
                                    std::uint32_t checksum);

  std::vector<File> files_;
  std::vector<Part> parts_;  // in the order of the files' bytes
  std::size_t tensors_ = 0;
  bool has_experts_ = false;  // according to any of the files
};

MOE_INLINE void Verification::Work::add_file(const std::string& path) {
  const File& file = files_.emplace_back(path);
  detail::GgufContents contents = detail::parse_gguf(file);
  for (const char* key : {"moe.crc32c", "moe.head_crc32c"}) contents.metadata.require(key);
  tensors_ += contents.tensors.size();
  has_experts_ = has_experts_ || contents.metadata.whole("moe.experts").value_or(0) > 0;
  const std::vector<TensorInfo*> tensors = detail::by_offset(contents.tensors);
  std::uint64_t end = tensors.empty() ? file.size() : tensors[0]->offset;
  add_part("head", 0, end, static_cast<std::uint32_t>(*contents.metadata.whole("moe.head_crc32c")));
  parts_.back().own_checksum = contents.metadata.find("moe.head_crc32c")->offset;
  for (const TensorInfo* tensor : tensors) {
    add_part(detail::concat("padding before tensor \"", tensor->name, '"'), end, tensor->offset, {});
    end = tensor->offset + tensor->bytes;
    add_part(tensor->name, tensor->offset, end, tensor->crc32c);
  }
  if (!tensors.empty()) require_size(file, end, contents.metadata.whole("general.alignment").value_or(32));
  add_part("padding after the last tensor", end, file.size(), {});
}

MOE_INLINE void Verification::Work::require_size(const File& file, std::uint64_t end,
                                                 std::uint64_t alignment) {
  const std::uint64_t size = (end + alignment - 1) / alignment * alignment;
  if (file.size() != size)
    detail::fail(file.path(), "size", detail::concat(size, " bytes"), detail::concat(file.size()));
}

MOE_INLINE void Verification::Work::add_small_copies(const std::string& directory) {
  const std::string experts = detail::join_path(directory, "experts.gguf");
  for (const std::string& name : detail::list_directory(directory)) {
    if (!detail::is_small_copy_name(name)) continue;
    add_file(detail::join_path(directory, name));
    detail::require_copy_of(files_.back(), experts);
  }
}

MOE_INLINE void Verification::Work::add_part(std::string_view name, std::uint64_t begin, std::uint64_t end,
                                             std::optional<std::uint32_t> crc32c) {
  if (begin < end || crc32c)
    parts_.push_back({detail::planned_bytes(std::string(name), files_.size() - 1, begin, end), crc32c, 0});
}

MOE_INLINE std::uint64_t Verification::Work::bytes() const {
  std::uint64_t sum = 0;
  for (const File& file : files_) sum += file.size();
  return sum;
}

MOE_INLINE void Verification::Work::run(FunctionRef<void(std::uint64_t)> progress) const {
  std::vector<const detail::PlannedTensor*> ranges;
  for (const Part& part : parts_) ranges.push_back(&part.range);
  detail::ReadAhead source(files_, ranges);
  for (const Part& part : parts_) verify(part, source, progress);
}

MOE_INLINE void Verification::Work::verify(const Part& part, detail::ReadAhead& source,
                                           FunctionRef<void(std::uint64_t)> progress) const {
  std::uint32_t checksum = 0;
  for (std::uint64_t at = 0; at < part.range.bytes();) {
    const std::span<const std::byte> piece = source.next();
    if (part.crc32c) {
      checksum = add_checksum(part, at, piece, checksum);
    } else {
      require_zeros(part, at, piece);
    }
    at += piece.size();
    if (progress) progress(piece.size());
  }
  if (part.crc32c && checksum != *part.crc32c)
    detail::fail(files_[part.range.file].path(), part.range.name, detail::concat("CRC-32C ", *part.crc32c),
                 detail::concat(checksum));
}

MOE_INLINE void Verification::Work::require_zeros(const Part& part, std::uint64_t at,
                                                  std::span<const std::byte> piece) const {
  for (std::size_t i = 0; i < piece.size(); ++i)
    if (piece[i] != std::byte{})
      detail::fail(files_[part.range.file].path(),
                   detail::concat("byte ", part.range.offset + at + i, ", ", part.range.name), "0",
                   detail::concat(std::to_integer<int>(piece[i])));
}

/// The checksum of a part, updated with the next piece, which begins at byte `at` of the part.
MOE_INLINE std::uint32_t Verification::Work::add_checksum(const Part& part, std::uint64_t at,
                                                          std::span<const std::byte> piece,
                                                          std::uint32_t checksum) {
  if (part.own_checksum == 0) return detail::crc32c(piece, checksum);
  std::vector<std::byte> copy(piece.begin(), piece.end());
  for (std::uint64_t i = part.own_checksum; i < part.own_checksum + 4; ++i)
    if (i >= at && i - at < copy.size()) copy[static_cast<std::size_t>(i - at)] = std::byte{};
  return detail::crc32c(copy, checksum);
}

MOE_INLINE Verification::Verification(const std::string& path) : work_(std::make_unique<Work>()) {
  const bool directory = detail::is_directory(path);
  work_->add_file(directory ? detail::join_path(path, "dense.gguf") : path);
  const std::string experts = detail::join_path(path, "experts.gguf");
  if (directory && (work_->has_experts() || detail::is_file(experts))) work_->add_file(experts);
  if (directory) work_->add_small_copies(path);
}

MOE_INLINE Verification::Verification(Verification&&) noexcept = default;
MOE_INLINE Verification& Verification::operator=(Verification&&) noexcept = default;
MOE_INLINE Verification::~Verification() = default;

MOE_INLINE std::uint64_t Verification::bytes() const { return work_->bytes(); }
MOE_INLINE std::size_t Verification::tensors() const { return work_->tensors(); }

MOE_INLINE void Verification::run(FunctionRef<void(std::uint64_t)> progress) const { work_->run(progress); }

}  // namespace moe::inline MOE_ABI
