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

/// The types of values in GGUF metadata, by their numbers there.
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

/// The bytes of a number or boolean; 0 for other types.
constexpr std::size_t gguf_bytes(GgufType type) {
  constexpr std::size_t bytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return bytes[static_cast<std::size_t>(type)];
}

constexpr std::string_view name(GgufType type) {
  constexpr std::string_view names[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                        "bool", "string", "array", "u64", "i64", "f64"};
  return names[static_cast<std::size_t>(type)];
}

/// A value of the metadata. Of arrays only short ones of numbers are kept; the others can be read from the file.
struct GgufValue {
  static constexpr std::size_t most_kept = std::size_t{1} << 16;  // bytes

  std::string key;
  GgufType type = GgufType::u8;
  GgufType element_type = GgufType::u8;  // of an array
  std::uint64_t count = 0;               // of an array
  std::uint64_t offset = 0;              // of the value, or of an array's first element, in the file
  std::string bytes;  // of a number, a string, or the numbers of an array of at most `most_kept`
};

/// The metadata of a GGUF file, by key. A value of another type than the one asked for throws an Error with its key.
class GgufMetadata {
 public:
  GgufMetadata() = default;

  /// `values`: sorted by key. `file` is for errors.
  GgufMetadata(std::string file, std::vector<GgufValue> values);

  const std::vector<GgufValue>& values() const { return values_; }

  /// The value of that key; null if there is none.
  const GgufValue* find(std::string_view key) const;

  /// A whole number from 0 on, of any size and sign; also that of all elements of an array that are the same, as files
  /// have them that state it for each layer.
  std::optional<std::uint64_t> whole(std::string_view key) const;

  std::optional<double> number(std::string_view key) const;

  std::optional<std::string_view> text(std::string_view key) const;

  bool flag(std::string_view key, bool otherwise) const;

  /// Throws unless there is a value of that key.
  void require(std::string_view key) const;

  [[noreturn]] void fail_at(const GgufValue& value, std::string_view expected, std::string_view found) const;

 private:
  template <class T>
  static T bits_as(std::string_view bytes) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }

  static bool is_whole(GgufType type);

  /// Nothing for a negative one.
  static std::optional<std::uint64_t> whole_of(GgufType type, std::string_view bytes);

  [[noreturn]] void fail_at(const GgufValue& value, std::string_view expected) const;

  std::string file_;
  std::vector<GgufValue> values_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf_metadata.ipp"
#endif
