// SPDX-License-Identifier: MIT
#pragma once
#include "safetensors.hpp"
#include "../core/checked.hpp"
#include "../core/concat.hpp"
#include "../core/dtype.hpp"
#include "../core/error.hpp"
#include "file_signature.hpp"
#include "json.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// A dtype of the format (tensor.rs of the reference implementation).
struct SafetensorsType {
  std::string_view name;
  std::uint64_t bits;
  DType dtype;
};

class SafetensorsReader {
 public:
  explicit SafetensorsReader(const File& file) : file_(file) {}

  std::vector<TensorInfo> read();

 private:
  /// Returns the header, a JSON text. The first 8 bytes of the file are the size of the header in little endian; the header
  /// follows; then the data.
  std::string header_text();

  /// Throws an Error that names the format of the file, if the file cannot be a safetensors file and is a text or begins with a
  /// known signature.
  void require_signature(std::uint64_t header_bytes) const;

  TensorInfo tensor(const Json& member) const;

  void check_bytes(const TensorInfo& tensor, std::uint64_t bits_each) const;

  /// Throws unless the data of the tensors fills the rest of the file without gaps and overlaps. Turns the offsets in the data
  /// into offsets in the file.
  void check_layout(std::vector<TensorInfo>& tensors) const;

  static std::string place(const TensorInfo& tensor) { return concat("tensor \"", tensor.name, '"'); }

  const File& file_;
  std::uint64_t data_begin_ = 0;
};

MOE_INLINE const SafetensorsType* safetensors_type(std::string_view name) {
  static constexpr SafetensorsType types[] = {
      {"F32", 32, DType::f32},          {"F16", 16, DType::f16},      {"BF16", 16, DType::bf16},
      {"F64", 64, DType::other},        {"F8_E4M3", 8, DType::other}, {"F8_E5M2", 8, DType::other},
      {"F8_E8M0", 8, DType::other},     {"F4", 4, DType::other},      {"F6_E2M3", 6, DType::other},
      {"F6_E3M2", 6, DType::other},     {"BOOL", 8, DType::other},    {"U8", 8, DType::other},
      {"I8", 8, DType::other},          {"I16", 16, DType::other},    {"U16", 16, DType::other},
      {"I32", 32, DType::other},        {"U32", 32, DType::other},    {"I64", 64, DType::other},
      {"U64", 64, DType::other},        {"C64", 64, DType::other},    {"F8_E4M3FNUZ", 8, DType::other},
      {"F8_E5M2FNUZ", 8, DType::other},
  };
  for (const SafetensorsType& type : types)
    if (type.name == name) return &type;
  return nullptr;
}

MOE_INLINE std::vector<TensorInfo> SafetensorsReader::read() {
  const JsonDocument header(header_text(), concat(file_.path(), ", header"));
  std::vector<TensorInfo> tensors;
  for (const Json member : header.root().as_object()) {
    if (member.key() == "__metadata__") {
      for (const Json entry : member.as_object()) (void)entry.as_string();
    } else {
      tensors.push_back(tensor(member));
    }
  }
  sort_by_name(tensors, file_.path());  // first, because this detects duplicate names
  check_layout(tensors);
  return tensors;
}

MOE_INLINE std::string SafetensorsReader::header_text() {
  constexpr std::uint64_t most = 100'000'000;  // the limit of the reference reader
  unsigned char length[8];
  if (file_.size() < sizeof length) fail(file_.path(), "size", "at least 8 bytes", describe_contents(file_));
  file_.read_at(0, std::as_writable_bytes(std::span(length)));
  std::uint64_t size = 0;
  for (int i = 7; i >= 0; --i) size = size << 8 | length[i];
  require_signature(size);
  if (size > most)
    fail(file_.path(), "header size", concat("at most ", most, " bytes"), concat(size, " bytes"));
  if (size > file_.size() - 8)
    fail(file_.path(), "header size", concat("at most ", file_.size() - 8, " bytes, the rest of the file"),
         concat(size, " bytes"));
  std::string text(static_cast<std::size_t>(size), '\0');
  file_.read_at(8, std::as_writable_bytes(std::span(text.data(), text.size())));
  data_begin_ = 8 + size;
  return text;
}

MOE_INLINE void SafetensorsReader::require_signature(std::uint64_t header_bytes) const {
  const std::string start = first_bytes(file_, 64);
  const bool possible = header_bytes >= 2 && header_bytes <= file_.size() - 8 && start.size() > 8 &&
                        std::string_view("{ \t\r\n").find(start[8]) != std::string_view::npos;
  if (possible) return;
  const std::string_view known = known_signature(start);
  const bool is_text = start.size() >= 8 && describe_contents(file_).starts_with("a text");
  if (!known.empty() || is_text)
    fail(file_.path(), "byte 0", "a safetensors or GGUF file", describe_contents(file_));
}

MOE_INLINE TensorInfo SafetensorsReader::tensor(const Json& member) const {
  TensorInfo out;
  out.name = member.key();
  out.dtype_name = member.at("dtype").as_string();
  for (const Json size : member.at("shape").as_array()) out.shape.push_back(size.as_u64());

  const Json offsets = member.at("data_offsets").as_array();
  if (offsets.size() != 2) offsets.fail_here("two offsets", concat(offsets.size()));
  const std::uint64_t begin = (*offsets.begin()).as_u64();
  const std::uint64_t end = (*++offsets.begin()).as_u64();
  if (end < begin) offsets.fail_here(concat("an end of at least ", begin), concat(end));
  out.offset = begin;  // in the data; check_layout() turns it into an offset in the file
  out.bytes = end - begin;

  if (const SafetensorsType* type = safetensors_type(out.dtype_name)) {
    out.dtype = type->dtype;
    check_bytes(out, type->bits);
  }
  return out;
}

MOE_INLINE void SafetensorsReader::check_bytes(const TensorInfo& tensor, std::uint64_t bits_each) const {
  std::optional<std::uint64_t> bits = checked_product(tensor.shape);
  if (bits) bits = checked_mul(*bits, bits_each);
  if (!bits)
    fail(file_.path(), place(tensor), "a shape whose size in bits fits into 64 bits", describe(tensor));
  if (*bits % 8 != 0) fail(file_.path(), place(tensor), "a whole number of bytes", concat(*bits, " bits"));
  if (*bits / 8 != tensor.bytes)
    fail(file_.path(), place(tensor), concat(*bits / 8, " bytes for ", describe(tensor)),
         concat(tensor.bytes, " bytes"));
}

MOE_INLINE void SafetensorsReader::check_layout(std::vector<TensorInfo>& tensors) const {
  std::uint64_t end = 0;
  for (TensorInfo* const tensor : by_offset(tensors)) {
    if (tensor->offset != end)
      fail(file_.path(), place(*tensor), concat("data from offset ", end, " on"), concat(tensor->offset));
    end += tensor->bytes;
    tensor->offset += data_begin_;
  }
  const std::uint64_t stored = file_.size() - data_begin_;
  if (stored != end)
    fail(file_.path(), "size", concat(end, " bytes of data, as in the header"),
         concat(stored, " bytes", stored < end ? ", perhaps because of an incomplete download" : ""));
}

MOE_INLINE std::vector<TensorInfo> read_safetensors(const File& file) {
  return SafetensorsReader(file).read();
}

}  // namespace moe::inline MOE_ABI::detail
