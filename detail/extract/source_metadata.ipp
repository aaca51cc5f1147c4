// SPDX-License-Identifier: MIT
#pragma once
#include "source_metadata.hpp"
#include "../io/file.hpp"
#include "../io/file_stream.hpp"
#include "../io/gguf_metadata.hpp"
#include "../io/gguf_parser.hpp"
#include "../io/gguf_path.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// The elements of an array of strings at `offset`, as they are stored in the file.
MOE_INLINE std::string array_of_strings(const File& file, std::uint64_t offset, std::uint64_t count) {
  FileStream in(file);
  in.skip(offset);
  for (std::uint64_t i = 0; i < count; ++i) in.skip(in.number<std::uint64_t>());
  std::string out(static_cast<std::size_t>(in.position() - offset), '\0');
  file.read_at(offset, std::as_writable_bytes(std::span(out.data(), out.size())));
  return out;
}

/// The bytes of a value, as they are stored in the file.
MOE_INLINE std::string value_bytes(const File& file, const GgufValue& value) {
  if (value.type != GgufType::array || !value.bytes.empty()) return value.bytes;
  if (value.element_type == GgufType::string) return array_of_strings(file, value.offset, value.count);
  std::string out(static_cast<std::size_t>(value.count * gguf_bytes(value.element_type)), '\0');
  file.read_at(value.offset, std::as_writable_bytes(std::span(out.data(), out.size())));
  return out;
}

MOE_INLINE void copy_metadata(const File& file, GgufHead& head) {
  const GgufContents contents = parse_gguf(file);
  for (const GgufValue& value : contents.metadata.values()) {
    const std::string_view key = value.key;
    const bool about_the_file = key == "general.alignment" || key == "general.file_type" ||
                                key.starts_with("split.") || key == "moe.crc32c" ||
                                key == "moe.head_crc32c" || key == "moe.experts";
    if (!about_the_file) head.set(value, value_bytes(file, value));
  }
}

MOE_INLINE void describe_source(const Checkpoint& source, GgufHead& head) {
  if (is_gguf(source.files()[0].path())) return copy_metadata(source.files()[0], head);
  head.set("general.architecture", std::string_view("moe"));
  head.set("moe.config", std::string_view(read_text(join_path(source.directory(), "config.json"))));
}

}  // namespace moe::inline MOE_ABI::detail
