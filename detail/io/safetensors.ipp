#pragma once
#include "safetensors.hpp"
#include "../core/checked.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

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
  const JsonDocument header(header_text(), file_.path());
  std::vector<TensorInfo> tensors;
  for (const Json member : header.root().as_object()) {
    if (member.key() == "__metadata__") {
      for (const Json entry : member.as_object()) (void)entry.as_string();
    } else {
      tensors.push_back(tensor(member));
    }
  }
  sort_by_name(tensors, file_.path());  // first, since it finds names that are there twice
  check_layout(tensors);
  return tensors;
}

MOE_INLINE std::string SafetensorsReader::header_text() {
  constexpr std::uint64_t most = 100'000'000;
  check(file_.size() >= 8, "size", "at least 8 bytes", concat(file_.size()));
  unsigned char length[8];
  file_.read_at(0, {reinterpret_cast<std::byte*>(length), 8});
  std::uint64_t size = 0;
  for (int i = 7; i >= 0; --i) size = size << 8 | length[i];
  check(size <= most, "header size", concat("at most ", most), concat(size));
  check(size <= file_.size() - 8, "header size",
        concat("at most ", file_.size() - 8, ", what the file holds"), concat(size));
  std::string text(static_cast<std::size_t>(size), '\0');
  file_.read_at(8, {reinterpret_cast<std::byte*>(text.data()), text.size()});
  data_begin_ = 8 + size;
  return text;
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
  if (end < begin) offsets.fail_here("an end that is not before the begin", concat(end, " < ", begin));
  out.offset = begin;  // of the data for now; check_layout() makes it one of the file
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
  check(bits.has_value(), place(tensor), "a shape whose size fits into 64 bits", describe(tensor));
  check(*bits % 8 == 0, place(tensor), "a whole number of bytes", concat(*bits, " bits"));
  check(*bits / 8 == tensor.bytes, place(tensor), concat(*bits / 8, " bytes for ", describe(tensor)),
        concat(tensor.bytes));
}

MOE_INLINE void SafetensorsReader::check_layout(std::vector<TensorInfo>& tensors) const {
  std::uint64_t end = 0;
  for (TensorInfo* const each : by_offset(tensors)) {
    TensorInfo& tensor = *each;
    check(tensor.offset == end, place(tensor), concat("data from offset ", end, " on"),
          concat(tensor.offset));
    end += tensor.bytes;
    tensor.offset += data_begin_;
  }
  check(end == file_.size() - data_begin_, "size", concat(file_.size() - data_begin_, " bytes of tensors"),
        concat(end));
}

MOE_INLINE std::string SafetensorsReader::place(const TensorInfo& tensor) {
  return concat("tensor \"", tensor.name, '"');
}

MOE_INLINE void SafetensorsReader::check(bool condition, std::string_view place, std::string_view expected,
                                         std::string_view found) const {
  expect(condition, file_.path(), place, expected, found);
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::vector<TensorInfo> read_safetensors(const File& file) {
  return detail::SafetensorsReader(file).read();
}

}  // namespace moe::inline MOE_ABI::detail
