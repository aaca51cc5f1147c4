#pragma once
#include "../core/error.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::detail {

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
  GgufMetadata(std::string file, std::vector<GgufValue> values)
      : file_(std::move(file)), values_(std::move(values)) {}

  const std::vector<GgufValue>& values() const { return values_; }

  /// The value of that key; null if there is none.
  const GgufValue* find(std::string_view key) const {
    const auto value = std::ranges::lower_bound(values_, key, {}, &GgufValue::key);
    return value != values_.end() && value->key == key ? &*value : nullptr;
  }

  /// A whole number from 0 on, of any size and sign; also that of all elements of an array that are the same, as files
  /// have them that state it for each layer.
  std::optional<std::uint64_t> whole(std::string_view key) const {
    const GgufValue* value = find(key);
    if (!value) return {};
    const GgufType type = value->type == GgufType::array ? value->element_type : value->type;
    const std::size_t size = gguf_bytes(type);
    if (!is_whole(type) || value->bytes.empty()) fail_at(*value, "a whole number");
    const std::string_view first = std::string_view(value->bytes).substr(0, size);
    for (std::size_t at = 0; at < value->bytes.size(); at += size)
      if (std::string_view(value->bytes).substr(at, size) != first)
        fail_at(*value, "one number, the same for all layers");
    const std::optional<std::uint64_t> number = whole_of(type, first);
    if (!number) fail_at(*value, "a number from 0 on");
    return number;
  }

  std::optional<double> number(std::string_view key) const {
    const GgufValue* value = find(key);
    if (!value) return {};
    if (value->type == GgufType::f32) return static_cast<double>(bits_as<float>(value->bytes));
    if (value->type == GgufType::f64) return bits_as<double>(value->bytes);
    fail_at(*value, "a number with a fraction");
  }

  std::optional<std::string_view> text(std::string_view key) const {
    const GgufValue* value = find(key);
    if (!value) return {};
    if (value->type != GgufType::string) fail_at(*value, "a string");
    return value->bytes;
  }

  bool flag(std::string_view key, bool otherwise) const {
    const GgufValue* value = find(key);
    if (!value) return otherwise;
    if (value->type != GgufType::boolean) fail_at(*value, "a boolean");
    return value->bytes[0] != 0;
  }

  /// Throws unless there is a value of that key.
  void require(std::string_view key) const {
    if (!find(key)) fail(file_, concat("key \"", key, '"'), "to be there", "nothing");
  }

  [[noreturn]] void fail_at(const GgufValue& value, std::string_view expected, std::string_view found) const {
    fail(file_, concat("key \"", value.key, '"'), expected, found);
  }

 private:
  template <class T>
  static T bits_as(std::string_view bytes) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }

  static bool is_whole(GgufType type) {
    return gguf_bytes(type) > 0 && type != GgufType::f32 && type != GgufType::f64 &&
           type != GgufType::boolean;
  }

  /// Nothing for a negative one.
  static std::optional<std::uint64_t> whole_of(GgufType type, std::string_view bytes) {
    std::uint64_t bits = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) bits = bits << 8 | static_cast<unsigned char>(bytes[i]);
    const bool is_signed =
        type == GgufType::i8 || type == GgufType::i16 || type == GgufType::i32 || type == GgufType::i64;
    if (is_signed && bits >> (8 * bytes.size() - 1) != 0) return {};
    return bits;
  }

  [[noreturn]] void fail_at(const GgufValue& value, std::string_view expected) const {
    const bool is_array = value.type == GgufType::array;
    fail_at(value, expected,
            is_array ? concat("an array of ", value.count, " of type ", name(value.element_type))
                     : concat("a value of type ", name(value.type)));
  }

  std::string file_;
  std::vector<GgufValue> values_;
};

}  // namespace moe::detail
