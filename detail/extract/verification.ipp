#pragma once
#include "verification.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../io/gguf_parser.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI {

MOE_INLINE Verification::Verification(const std::string& path) {
  const bool directory = detail::is_directory(path);
  add_file(directory ? detail::join_path(path, "dense.gguf") : path);
  const std::string experts = detail::join_path(path, "experts.gguf");
  if (directory && (has_routers_ || detail::is_file(experts))) add_file(experts);
}

MOE_INLINE std::uint64_t Verification::bytes() const {
  std::uint64_t sum = 0;
  for (const File& file : files_) sum += file.size();
  return sum;
}

MOE_INLINE void Verification::run(FunctionRef<void(std::uint64_t)> progress) const {
  std::vector<const detail::PlannedTensor*> parts;
  for (const Part& part : parts_) parts.push_back(&part.place);
  detail::ReadAhead source(files_, parts);
  for (const Part& part : parts_) verify(part, source, progress);
}

MOE_INLINE void Verification::add_file(const std::string& path) {
  const File& file = files_.emplace_back(path);
  const detail::GgufContents contents = detail::GgufParser(file).parse();
  for (const char* key : {"moe.crc32c", "moe.head_crc32c"}) contents.metadata.require(key);
  tensors_ += contents.tensors.size();
  std::vector<std::uint32_t> order(contents.tensors.size());
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  std::ranges::sort(order, {}, [&](std::uint32_t i) { return contents.tensors[i].offset; });
  std::uint64_t end = order.empty() ? file.size() : contents.tensors[order[0]].offset;
  add_part("head", 0, end, static_cast<std::uint32_t>(*contents.metadata.whole("moe.head_crc32c")));
  parts_.back().own_checksum = contents.metadata.find("moe.head_crc32c")->offset;
  for (const std::uint32_t i : order) {
    const TensorInfo& tensor = contents.tensors[i];
    add_part("padding", end, tensor.offset, {});
    end = tensor.offset + tensor.bytes;
    has_routers_ = has_routers_ || tensor.name.ends_with(".ffn_gate_inp.weight");
    add_part(tensor.name, tensor.offset, end, tensor.crc32c);
  }
  add_part("padding", end, file.size(), {});
}

MOE_INLINE void Verification::add_part(std::string_view name, std::uint64_t begin, std::uint64_t end,
                                       std::optional<std::uint32_t> crc32c) {
  const detail::GgmlType* bytes = detail::ggml_type(24);  // I8: as they are
  if (begin < end || crc32c)
    parts_.push_back({{std::string(name), {end - begin}, bytes, bytes, files_.size() - 1, begin}, crc32c, 0});
}

MOE_INLINE void Verification::verify(const Part& part, detail::ReadAhead& source,
                                     FunctionRef<void(std::uint64_t)> progress) const {
  std::uint32_t checksum = 0;
  const std::uint64_t bytes = part.place.bytes();
  for (std::uint64_t at = 0; at < bytes;) {
    const std::span<const std::byte> piece = source.next();
    if (part.crc32c) {
      checksum = part.own_checksum != 0 ? head_checksum(piece, at, part.own_checksum, checksum)
                                        : detail::crc32c(piece, checksum);
    } else if (const auto wrong =
                   std::find_if(piece.begin(), piece.end(), [](std::byte b) { return b != std::byte{}; });
               wrong != piece.end()) {
      detail::fail(
          files_[part.place.file].path(),
          detail::concat("byte ", part.place.offset + at + static_cast<std::uint64_t>(wrong - piece.begin())),
          "0 between tensors", detail::concat(std::to_integer<int>(*wrong)));
    }
    at += piece.size();
    if (progress) progress(piece.size());
  }
  if (part.crc32c && checksum != *part.crc32c)
    detail::fail(files_[part.place.file].path(), part.place.name, detail::concat("CRC-32C ", *part.crc32c),
                 detail::concat(checksum));
}

MOE_INLINE std::uint32_t Verification::head_checksum(std::span<const std::byte> piece, std::uint64_t at,
                                                     std::uint64_t own, std::uint32_t before) {
  std::vector<std::byte> copy(piece.data(), piece.data() + piece.size());
  for (std::uint64_t i = own; i < own + 4; ++i)
    if (i >= at && i - at < copy.size()) copy[static_cast<std::size_t>(i - at)] = std::byte{};
  return detail::crc32c(copy, before);
}

}  // namespace moe::inline MOE_ABI
