#pragma once
#include "../core/config.hpp"
#include "../core/error.hpp"
#include "file.hpp"
#include "file_stream.hpp"
#include "gguf_metadata.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// Reads an array of the metadata from its file, front to back, however long it is.
class GgufArray {
 public:
  /// Throws unless there is such an array, of elements of that type. `file` is the one that the metadata is of.
  GgufArray(const File& file, const GgufMetadata& metadata, std::string_view key, GgufType element_type);

  std::uint64_t count() const { return value_->count; }

  /// Throws unless the array has so many elements.
  void require_count(std::uint64_t count) const;

  /// The next element, of an array of strings. Throws if it is longer than `most`.
  std::string text(std::uint64_t most);

  /// The next element, of an array of numbers of that type.
  template <class T>
  T number() {
    return in_.number<T>();
  }

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
