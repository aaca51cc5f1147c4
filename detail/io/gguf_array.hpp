#pragma once
#include "../core/error.hpp"
#include "file.hpp"
#include "file_stream.hpp"
#include "gguf_metadata.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace moe::detail {

/// Reads an array of the metadata from its file, front to back, however long it is.
class GgufArray {
 public:
  /// Throws unless there is such an array, of elements of that type. `file` is the one that the metadata is of.
  GgufArray(const File& file, const GgufMetadata& metadata, std::string_view key, GgufType element_type)
      : metadata_(metadata), in_(file) {
    metadata.require(key);
    value_ = metadata.find(key);
    if (value_->type != GgufType::array || value_->element_type != element_type)
      fail(concat("an array of type ", name(element_type)),
           value_->type == GgufType::array ? concat("one of type ", name(value_->element_type))
                                           : concat("a value of type ", name(value_->type)));
    in_.skip(value_->offset);
  }

  std::uint64_t count() const { return value_->count; }

  /// Throws unless the array has so many elements.
  void require_count(std::uint64_t count) const {
    if (value_->count != count) fail(concat(count, " elements"), concat(value_->count));
  }

  /// The next element, of an array of strings. Throws if it is longer than `most`.
  std::string text(std::uint64_t most) {
    const auto length = in_.number<std::uint64_t>();
    if (length > most) fail(concat("strings of at most ", most, " bytes"), concat("one of ", length));
    return in_.text(length);
  }

  /// The next element, of an array of numbers of that type.
  template <class T>
  T number() {
    return in_.number<T>();
  }

  [[noreturn]] void fail(std::string_view expected, std::string_view found) const {
    metadata_.fail_at(*value_, expected, found);
  }

 private:
  const GgufMetadata& metadata_;
  FileStream in_;
  const GgufValue* value_ = nullptr;
};

}  // namespace moe::detail
