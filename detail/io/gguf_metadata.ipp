// SPDX-License-Identifier: MIT
#pragma once
#include "gguf_metadata.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE GgufMetadata::GgufMetadata(std::string file, std::vector<GgufValue> values)
    : file_(std::move(file)), values_(std::move(values)) {}

MOE_INLINE const GgufValue* GgufMetadata::find(std::string_view key) const {
  const auto value =
      std::lower_bound(values_.begin(), values_.end(), key,
                       [](const GgufValue& a, std::string_view wanted) { return a.key < wanted; });
  return value != values_.end() && value->key == key ? &*value : nullptr;
}

MOE_INLINE std::optional<std::uint64_t> GgufMetadata::whole(std::string_view key) const {
  const GgufValue* value = find(key);
  if (!value) return {};
  const GgufType type = value->type == GgufType::array ? value->element_type : value->type;
  const std::size_t size = gguf_bytes(type);
  if (!is_whole(type)) fail_type(*value, "a whole number");
  require_kept(*value);
  if (value->bytes.empty()) fail_type(*value, "a whole number");
  const std::string_view first = std::string_view(value->bytes).substr(0, size);
  for (std::size_t at = 0; at < value->bytes.size(); at += size)
    if (const auto other = std::string_view(value->bytes).substr(at, size); other != first)
      fail_at(*value, "the same number for all layers",
              concat(decimal_of(type, first), ", and ", decimal_of(type, other), " in element ", at / size));
  const std::optional<std::uint64_t> number = whole_of(type, first);
  if (!number) fail_at(*value, "a number that is not negative", decimal_of(type, first));
  return number;
}

MOE_INLINE bool GgufMetadata::is_array(std::string_view key) const {
  const GgufValue* value = find(key);
  return value && value->type == GgufType::array;
}

MOE_INLINE std::vector<std::uint64_t> GgufMetadata::wholes(std::string_view key) const {
  std::vector<std::uint64_t> out;
  const GgufValue* value = find(key);
  if (!value) return out;
  if (value->type != GgufType::array || !is_whole(value->element_type))
    fail_type(*value, "an array of whole numbers");
  require_kept(*value);
  const std::size_t size = gguf_bytes(value->element_type);
  for (std::size_t at = 0; at < value->bytes.size(); at += size) {
    const auto element = whole_of(value->element_type, std::string_view(value->bytes).substr(at, size));
    if (!element)
      fail_at(*value, "numbers that are not negative",
              concat(decimal_of(value->element_type, std::string_view(value->bytes).substr(at, size)),
                     " in element ", at / size));
    out.push_back(*element);
  }
  return out;
}

MOE_INLINE std::vector<bool> GgufMetadata::flags(std::string_view key) const {
  std::vector<bool> out;
  const GgufValue* value = find(key);
  if (!value) return out;
  if (value->type != GgufType::array || value->element_type != GgufType::boolean)
    fail_type(*value, "an array of booleans");
  require_kept(*value);
  for (const char element : value->bytes) out.push_back(element != 0);
  return out;
}

MOE_INLINE std::optional<double> GgufMetadata::number(std::string_view key) const {
  const GgufValue* value = find(key);
  if (!value) return {};
  if (value->type == GgufType::f32) return static_cast<double>(bits_as<float>(value->bytes));
  if (value->type == GgufType::f64) return bits_as<double>(value->bytes);
  fail_type(*value, "a value of type f32 or f64");
}

MOE_INLINE std::optional<double> GgufMetadata::any_number(std::string_view key) const {
  const GgufValue* value = find(key);
  if (!value) return {};
  if (value->type == GgufType::f32 || value->type == GgufType::f64) return number(key);
  if (!is_whole(value->type)) fail_type(*value, "a number");
  if (const auto whole = whole_of(value->type, value->bytes)) return static_cast<double>(*whole);
  return -1.0 - static_cast<double>(complement_of(value->type, value->bytes));
}

MOE_INLINE std::optional<std::string_view> GgufMetadata::text(std::string_view key) const {
  const GgufValue* value = find(key);
  if (!value) return {};
  if (value->type != GgufType::string) fail_type(*value, "a string");
  return value->bytes;
}

MOE_INLINE bool GgufMetadata::flag(std::string_view key, bool otherwise) const {
  const GgufValue* value = find(key);
  if (!value) return otherwise;
  if (value->type != GgufType::boolean) fail_type(*value, "a boolean");
  return value->bytes[0] != 0;
}

MOE_INLINE void GgufMetadata::require(std::string_view key) const {
  if (!find(key)) fail(file_, concat("key \"", key, '"'), "to be there", "nothing");
}

MOE_INLINE void GgufMetadata::fail_at(std::string_view key, std::string_view expected,
                                      std::string_view found) const {
  fail(file_, concat("key \"", key, '"'), expected, found);
}

MOE_INLINE bool GgufMetadata::is_whole(GgufType type) {
  return gguf_bytes(type) > 0 && type != GgufType::f32 && type != GgufType::f64 && type != GgufType::boolean;
}

MOE_INLINE std::optional<std::uint64_t> GgufMetadata::whole_of(GgufType type, std::string_view bytes) {
  std::uint64_t bits = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) bits = bits << 8 | static_cast<unsigned char>(bytes[i]);
  const bool is_signed =
      type == GgufType::i8 || type == GgufType::i16 || type == GgufType::i32 || type == GgufType::i64;
  if (is_signed && bits >> (8 * bytes.size() - 1) != 0) return {};
  return bits;
}

MOE_INLINE std::string GgufMetadata::decimal_of(GgufType type, std::string_view bytes) {
  if (const auto whole = whole_of(type, bytes)) return concat(*whole);
  return concat('-', complement_of(type, bytes) + 1);
}

MOE_INLINE std::uint64_t GgufMetadata::complement_of(GgufType type, std::string_view bytes) {
  std::string complement(bytes);
  for (char& byte : complement) byte = static_cast<char>(~byte);
  return *whole_of(type, complement);
}

MOE_INLINE void GgufMetadata::require_kept(const GgufValue& value) const {
  if (value.bytes.empty() && value.count > 0)
    fail_type(value, concat("at most ", GgufValue::most_kept, " bytes"));
}

MOE_INLINE void GgufMetadata::fail_type(const GgufValue& value, std::string_view expected) const {
  const bool is_array = value.type == GgufType::array;
  fail_at(value, expected,
          is_array ? concat("an array of type ", name(value.element_type), " with ", value.count, " elements")
                   : concat("a value of type ", name(value.type)));
}

}  // namespace moe::inline MOE_ABI::detail
