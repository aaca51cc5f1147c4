// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"
#include "../io/ggml_type.hpp"
#include "../io/gguf_metadata.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The longest name of a tensor that the format allows.
inline constexpr std::size_t most_name_bytes = 64;

/// The bytes in front of the data of a GGUF 3 file: the metadata, and the name, type, shape and offset of each tensor.
class GgufHead {
 public:
  /// `file` is for errors. `alignment`: a power of two; every tensor begins at a multiple of the alignment.
  GgufHead(std::string file, std::uint32_t alignment);

  /// Adds a value to the metadata: bool, float, std::uint32_t and so on, each stored as its own type, or text.
  template <class T>
  requires std::is_arithmetic_v<T>
  void set(std::string_view key, T value) {
    begin_value(key, type_of<T>());
    append(metadata_, value);
  }
  void set(std::string_view key, std::string_view text);

  /// Adds an array of numbers, or of texts.
  template <class T>
  void set(std::string_view key, std::span<const T> values) {
    begin_array(key, type_of<T>(), values.size());
    for (const T value : values) append(metadata_, value);
  }
  void set(std::string_view key, std::span<const std::string> texts);

  /// Adds a value of another file. `bytes`: the number, the text or the elements of the array, as the other file stores them.
  void set(const detail::GgufValue& value, std::string_view bytes);

  /// Adds a tensor behind the tensors added before. `shape`: outermost first; the last size is a multiple of the type's
  /// block.
  void add(std::string_view name, const detail::GgmlType& type, std::span<const std::uint64_t> shape);

  /// The number of tensors, and the range of each tensor in the data, without the padding behind the tensor.
  std::size_t tensors() const { return ends_.size(); }
  std::uint64_t begin(std::size_t tensor) const { return begins_[tensor]; }
  std::uint64_t end(std::size_t tensor) const { return ends_[tensor]; }

  /// The size of the data in bytes, padding between tensors included.
  std::uint64_t data_bytes() const { return ends_.empty() ? 0 : ends_.back(); }

  /// The head as it is stored in the file, with the padding in front of the data.
  std::string bytes() const;

  /// The smallest multiple of the alignment that is not below `bytes`.
  std::uint64_t aligned(std::uint64_t bytes) const;

 private:
  template <class T>
  static constexpr detail::GgufType type_of() {
    using enum detail::GgufType;
    if constexpr (std::is_same_v<T, bool>) return boolean;
    if constexpr (std::is_floating_point_v<T>) return sizeof(T) == 4 ? f32 : f64;
    constexpr detail::GgufType whole[2][4] = {{u8, u16, u32, u64}, {i8, i16, i32, i64}};
    constexpr std::size_t log = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
    return whole[std::is_signed_v<T>][log];
  }

  template <class T>
  static void append(std::string& out, T value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out.append(bytes, sizeof value);
  }
  static void append_text(std::string& out, std::string_view text);

  /// The size in bytes of a tensor that begins at `begin` in the data. Throws if the tensor has more than 2^62 numbers, or
  /// ends behind byte 2^62 of the data.
  std::uint64_t data_bytes_of(std::string_view name, const detail::GgmlType& type,
                              std::span<const std::uint64_t> shape, std::uint64_t begin) const;

  void begin_value(std::string_view key, detail::GgufType type);
  void begin_array(std::string_view key, detail::GgufType type, std::size_t count);

  std::string file_;
  std::uint64_t alignment_;
  std::uint64_t values_ = 0;
  std::string metadata_, infos_;              // as they are stored in the file
  std::vector<std::uint64_t> begins_, ends_;  // of each tensor, in the data
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf_head.ipp"
#endif
