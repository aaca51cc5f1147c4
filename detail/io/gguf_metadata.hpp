// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The types of values in GGUF metadata, with the numbers that the format gives them.
enum class GgufType : std::uint32_t {
  u8,
  i8,
  u16,
  i16,
  u32,
  i32,
  f32,
  boolean,
  string,
  array,
  u64,
  i64,
  f64,
};

/// The size of a number or boolean in bytes; 0 for strings and arrays.
constexpr std::size_t gguf_bytes(GgufType type) {
  constexpr std::size_t bytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return bytes[static_cast<std::size_t>(type)];
}

constexpr std::string_view name(GgufType type) {
  constexpr std::string_view names[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                        "bool", "string", "array", "u64", "i64", "f64"};
  return names[static_cast<std::size_t>(type)];
}

/// A value of the metadata. Short arrays of numbers are kept in memory; GgufArray reads other arrays from the file.
struct GgufValue {
  static constexpr std::size_t most_kept = std::size_t{1} << 16;  // bytes

  std::string key;
  GgufType type = GgufType::u8;
  GgufType element_type = GgufType::u8;  // of an array
  std::uint64_t count = 0;               // of the elements of an array
  std::uint64_t offset = 0;              // in the file, of the value or of the first element of an array
  std::string bytes;                     // empty for arrays of strings, and of more than `most_kept` bytes
};

/// The metadata of a GGUF file, by key. A getter returns nothing if the key is missing, and throws an Error that names the
/// key if the value has another type.
class GgufMetadata {
 public:
  GgufMetadata() = default;

  /// `values`: sorted by key. `file`: the path, for error messages.
  GgufMetadata(std::string file, std::vector<GgufValue> values);

  const std::vector<GgufValue>& values() const { return values_; }

  /// The value of this key; null if there is none.
  const GgufValue* find(std::string_view key) const;

  /// A non-negative integer of any integer type. An array whose elements are all equal counts as one such number, because some
  /// files state a value for each layer.
  std::optional<std::uint64_t> whole(std::string_view key) const;

  /// The elements of an array of non-negative integers of any integer type, of at most GgufValue::most_kept bytes. Empty if
  /// the key is missing.
  std::vector<std::uint64_t> wholes(std::string_view key) const;

  /// The elements of an array of booleans, of at most GgufValue::most_kept elements. Empty if the key is missing.
  std::vector<bool> flags(std::string_view key) const;

  /// Whether the value of this key is an array.
  bool is_array(std::string_view key) const;

  /// An f32 or an f64.
  std::optional<double> number(std::string_view key) const;

  /// An f32, an f64 or an integer, which may be negative.
  std::optional<double> any_number(std::string_view key) const;

  std::optional<std::string_view> text(std::string_view key) const;

  bool flag(std::string_view key, bool otherwise) const;

  /// Throws unless there is a value of this key.
  void require(std::string_view key) const;

  /// Throws an Error about a value.
  [[noreturn]] void fail_at(const GgufValue& value, std::string_view expected, std::string_view found) const {
    fail_at(value.key, expected, found);
  }

  /// Throws an Error about a value. The part "found" is the type of the value, and the number of elements of an array.
  [[noreturn]] void fail_type(const GgufValue& value, std::string_view expected) const;

  /// Throws an Error about a key, which may be missing.
  [[noreturn]] void fail_at(std::string_view key, std::string_view expected, std::string_view found) const;

 private:
  template <class T>
  static T bits_as(std::string_view bytes) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }

  static bool is_whole(GgufType type);

  /// The number with these bytes in little endian; empty if it is negative.
  static std::optional<std::uint64_t> whole_of(GgufType type, std::string_view bytes);

  /// The complement of the bits of a negative number n: the number -1 - n.
  static std::uint64_t complement_of(GgufType type, std::string_view bytes);

  /// The number with these bytes in decimal.
  static std::string decimal_of(GgufType type, std::string_view bytes);

  /// Throws if the array is too long to be kept in memory.
  void require_kept(const GgufValue& value) const;

  std::string file_;
  std::vector<GgufValue> values_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf_metadata.ipp"
#endif
