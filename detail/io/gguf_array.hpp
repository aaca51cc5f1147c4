// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "file.hpp"
#include "file_stream.hpp"
#include "gguf_metadata.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// Reads an array of the metadata from its file, one element after the other. The array may be larger than memory.
class GgufArray {
 public:
  /// Throws unless `key` is an array with elements of this type. `file`: the file of the metadata.
  GgufArray(const File& file, const GgufMetadata& metadata, std::string_view key, GgufType element_type);

  std::uint64_t count() const { return value_->count; }

  /// Throws unless the array has `count` elements.
  void require_count(std::uint64_t count) const;

  /// The next element of an array of strings. Throws if it is longer than `most_bytes`.
  std::string text(std::uint64_t most_bytes);

  /// The next element of an array of numbers of type T. The caller reads at most count() elements.
  template <class T>
  T number() {
    return in_.number<T>();
  }

  /// Throws an Error about the key of the array.
  [[noreturn]] void fail(std::string_view expected, std::string_view found) const;

 private:
  const GgufMetadata& metadata_;
  FileStream in_;
  const GgufValue* value_ = nullptr;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf_array.ipp"
#endif
