// SPDX-License-Identifier: MIT
#pragma once
#include "gguf_parser.hpp"
#include "../core/checked.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "file_signature.hpp"
#include "file_stream.hpp"
#include "ggml_type.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

class GgufParser {
 public:
  explicit GgufParser(const File& file) : file_(file), in_(file) {}

  GgufContents parse() &&;

 private:
  // In bytes. A value: the length of its key, at least one character, a type and at least one byte. The description of a
  // tensor: the length of its name, at least one character, the number of dimensions, a type and an offset.
  static constexpr std::uint64_t least_value_bytes = 8 + 1 + 4 + 1, least_tensor_bytes = 8 + 1 + 4 + 4 + 8;
  // The limit of ggml for strings and arrays.
  static constexpr std::uint64_t most_length = std::uint64_t{1} << 30;

  void read_version();

  /// Reads the number of items that take at least `least_bytes` each. Throws if the rest of the file is too short for the
  /// items, so their memory is at most a fixed multiple of the size of the file.
  std::uint64_t count(std::string_view what, std::uint64_t least_bytes);

  std::string string(std::string_view what, std::uint64_t most_bytes);

  std::vector<GgufValue> read_values(std::uint64_t count);

  GgufValue read_value();

  GgufType read_type(std::string_view key);

  void read_array(GgufValue& out);

  void skip_string(std::string_view key);

  std::uint64_t alignment_of(const GgufMetadata& metadata) const;

  TensorInfo read_tensor();

  /// The size in bytes of the data of a tensor whose shape still has the innermost dimension first. At most 2^62.
  std::uint64_t bytes_of(const TensorInfo& tensor, const GgmlType& type) const;

  /// Turns offsets in the data into offsets in the file. The data begins at the first multiple of the alignment behind the
  /// descriptions. Throws unless the data of each tensor has an aligned offset, ends within the file, and overlaps no other.
  /// origin: how the file probably came to this machine, for the error of a file that is too short.
  void place_data(std::vector<TensorInfo>& tensors, std::uint64_t alignment, std::string_view origin) const;

  /// Reads the CRC-32C of each tensor from `moe.crc32c`, an array in the order of `out.tensors` that the extractor writes.
  void read_checksums(GgufContents& out, const GgufValue& value) const;

  [[noreturn]] void fail_about(const TensorInfo& tensor, std::string_view expected,
                               std::string_view found) const;

  const File& file_;
  FileStream in_;
};

MOE_INLINE GgufContents GgufParser::parse() && {
  read_version();
  const std::uint64_t tensor_count = count("number of tensors", least_tensor_bytes);
  const std::uint64_t value_count = count("number of metadata values", least_value_bytes);
  GgufContents out;
  out.metadata = GgufMetadata(file_.path(), read_values(value_count));
  const std::uint64_t alignment = alignment_of(out.metadata);
  for (std::uint64_t i = 0; i < tensor_count; ++i) out.tensors.push_back(read_tensor());
  const GgufValue* const checksums = out.metadata.find("moe.crc32c");  // only extractions have them
  place_data(out.tensors, alignment, checksums ? "copy of an extraction" : "download");
  // Checksums are in the order of the descriptions, so tensors are sorted afterwards.
  if (checksums) read_checksums(out, *checksums);
  sort_by_name(out.tensors, file_.path());
  return out;
}

MOE_INLINE void GgufParser::read_version() {
  if (in_.left() < 4 || in_.take(4) != "GGUF") fail(file_.path(), "byte 0", "GGUF", describe_contents(file_));
  const auto version = in_.number<std::uint32_t>();
  // Versions are small numbers: in big-endian order, the first two bytes are 0.
  if ((version & 0xffff) == 0)
    in_.fail_here("version", "a little-endian file", "a big-endian file, or no version");
  if (version != 2 && version != 3) in_.fail_here("version", "2 or 3", concat(version));
}

MOE_INLINE std::uint64_t GgufParser::count(std::string_view what, std::uint64_t least_bytes) {
  const auto value = in_.number<std::uint64_t>();
  if (value > in_.left() / least_bytes)
    in_.fail_here(
        what,
        concat("at most ", in_.left() / least_bytes, ", the number that fits into the rest of the file"),
        concat(value));
  return value;
}

MOE_INLINE std::string GgufParser::string(std::string_view what, std::uint64_t most_bytes) {
  const auto length = in_.number<std::uint64_t>();
  if (length > most_bytes)
    in_.fail_here(what, concat("at most ", most_bytes, " bytes"), concat(length, " bytes"));
  return in_.text(length);
}

MOE_INLINE std::vector<GgufValue> GgufParser::read_values(std::uint64_t count) {
  std::vector<GgufValue> values;
  for (std::uint64_t i = 0; i < count; ++i) values.push_back(read_value());
  std::sort(values.begin(), values.end(),
            [](const GgufValue& a, const GgufValue& b) { return a.key < b.key; });
  for (std::size_t i = 1; i < values.size(); ++i)
    if (values[i - 1].key == values[i].key)
      fail(file_.path(), concat("key \"", values[i].key, '"'), "one value of this key", "two");
  return values;
}

MOE_INLINE GgufValue GgufParser::read_value() {
  GgufValue out;
  out.key = string("key", 65535);
  if (out.key.empty()) in_.fail_here("key", "a name", "an empty text");
  out.type = read_type(out.key);
  if (out.type == GgufType::array) {
    read_array(out);
  } else {
    out.offset = in_.position();
    out.bytes = out.type == GgufType::string ? string(out.key, most_length) : in_.text(gguf_bytes(out.type));
  }
  if (out.type == GgufType::boolean || (out.type == GgufType::array && out.element_type == GgufType::boolean))
    for (const char byte : out.bytes)
      if (byte != 0 && byte != 1)
        in_.fail_here(out.key, "a boolean: 0 or 1", concat(static_cast<unsigned char>(byte)));
  return out;
}

MOE_INLINE GgufType GgufParser::read_type(std::string_view key) {
  const auto type = in_.number<std::uint32_t>();
  if (type > static_cast<std::uint32_t>(GgufType::f64))
    in_.fail_here(key, "a type from 0 to 12", concat(type));
  return static_cast<GgufType>(type);
}

MOE_INLINE void GgufParser::read_array(GgufValue& out) {
  out.element_type = read_type(out.key);
  if (out.element_type == GgufType::array)
    in_.fail_here(out.key, "an array of numbers or strings", "an array of arrays");
  const bool strings = out.element_type == GgufType::string;
  const std::uint64_t least = strings ? 8 : gguf_bytes(out.element_type);
  out.count = in_.number<std::uint64_t>();
  if (out.count > most_length || out.count > in_.left() / least)
    in_.fail_here(out.key, concat("at most ", std::min(most_length, in_.left() / least), " elements"),
                  concat(out.count));
  out.offset = in_.position();
  if (strings) {
    for (std::uint64_t i = 0; i < out.count; ++i) skip_string(out.key);
  } else if (out.count * least <= GgufValue::most_kept) {
    out.bytes = in_.text(out.count * least);
  } else {
    in_.skip(out.count * least);
  }
}

MOE_INLINE void GgufParser::skip_string(std::string_view key) {
  const auto length = in_.number<std::uint64_t>();
  if (length > most_length)
    in_.fail_here(key, concat("strings of at most ", most_length, " bytes"),
                  concat("a string of ", length, " bytes"));
  in_.skip(length);
}

MOE_INLINE std::uint64_t GgufParser::alignment_of(const GgufMetadata& metadata) const {
  const GgufValue* value = metadata.find("general.alignment");
  if (!value) return 32;
  if (value->type != GgufType::u32) metadata.fail_at(*value, "a u32", name(value->type));
  const std::uint64_t alignment = *metadata.whole(value->key);
  if (alignment == 0 || (alignment & (alignment - 1)) != 0)
    metadata.fail_at(*value, "a power of two", concat(alignment));
  return alignment;
}

MOE_INLINE TensorInfo GgufParser::read_tensor() {
  TensorInfo out;
  out.name = string("name of a tensor", 64);
  if (out.name.empty()) in_.fail_here("name of a tensor", "a name", "an empty text");
  const auto dimensions = in_.number<std::uint32_t>();
  if (dimensions > 4) in_.fail_here(out.name, "at most 4 dimensions", concat(dimensions));
  for (std::uint32_t i = 0; i < dimensions; ++i) out.shape.push_back(in_.number<std::uint64_t>());
  const auto id = in_.number<std::uint32_t>();
  const GgmlType* type = ggml_type(id);
  if (!type) in_.fail_here(out.name, "a type that ggml defines", concat("type ", id));
  out.dtype = type->dtype;
  out.dtype_name = type->name;
  out.offset = in_.number<std::uint64_t>();  // in the data; place_data() turns it into an offset in the file
  out.bytes = bytes_of(out, *type);
  std::reverse(out.shape.begin(), out.shape.end());
  return out;
}

MOE_INLINE std::uint64_t GgufParser::bytes_of(const TensorInfo& tensor, const GgmlType& type) const {
  const std::optional<std::uint64_t> numbers = checked_product(tensor.shape);
  // No type takes more than 8 bytes for a number, so the size in bytes fits into 64 bits.
  constexpr std::uint64_t most = std::uint64_t{1} << 59;
  bool too_large = !numbers || *numbers > most;
  for (const std::uint64_t size : tensor.shape) too_large = too_large || size > most;
  if (too_large)
    fail_about(tensor, concat("dimensions whose product is at most ", most, ", and each at most this number"),
               concat(concat_list(tensor.shape), ", innermost first"));
  const std::uint64_t row = tensor.shape.empty() ? 1 : tensor.shape[0];
  if (row % type.elements != 0)
    fail_about(
        tensor,
        concat("a row length that is a multiple of ", type.elements, ", the block size of ", type.name),
        concat(row));
  return *numbers / type.elements * type.bytes;
}

MOE_INLINE void GgufParser::place_data(std::vector<TensorInfo>& tensors, std::uint64_t alignment,
                                       std::string_view origin) const {
  // A file without data may end before the padding.
  const std::uint64_t begin =
      std::min((in_.position() + alignment - 1) / alignment * alignment, file_.size());
  const std::uint64_t size = file_.size() - begin;
  std::uint64_t end = 0;  // of the previous tensor
  for (TensorInfo* const each : by_offset(tensors)) {
    TensorInfo& tensor = *each;
    if (tensor.offset % alignment != 0)
      fail_about(tensor, concat("an offset that is a multiple of ", alignment), concat(tensor.offset));
    if (tensor.offset > size || tensor.bytes > size - tensor.offset)
      fail_about(tensor, concat("data of ", tensor.bytes, " bytes from offset ", tensor.offset, " on"),
                 concat("a file with only ", size, " bytes of data, perhaps an incomplete ", origin));
    if (tensor.offset < end)
      fail_about(tensor, concat("an offset of at least ", end, ", the end of the previous tensor"),
                 concat(tensor.offset));
    end = tensor.offset + tensor.bytes;
    tensor.offset += begin;
  }
}

MOE_INLINE void GgufParser::read_checksums(GgufContents& out, const GgufValue& value) const {
  if (value.type != GgufType::array || value.element_type != GgufType::u32 ||
      value.count != out.tensors.size())
    out.metadata.fail_type(
        value, concat("an array of type u32 with ", out.tensors.size(), " elements, one for each tensor"));
  FileStream in(file_);
  in.skip(value.offset);
  for (TensorInfo& tensor : out.tensors) tensor.crc32c = in.number<std::uint32_t>();
}

MOE_INLINE void GgufParser::fail_about(const TensorInfo& tensor, std::string_view expected,
                                       std::string_view found) const {
  fail(file_.path(), concat("tensor \"", tensor.name, '"'), expected, found);
}

MOE_INLINE GgufContents parse_gguf(const File& file) { return GgufParser(file).parse(); }

}  // namespace moe::inline MOE_ABI::detail
