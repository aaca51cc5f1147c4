// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "keys.hpp"
#include "model_source.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Reads the values of a model's description by keys of both formats. The reader records which keys were looked up, so that
/// refuse_unread_values() can refuse values that no reader uses. If a key has several names, the first of them that the
/// description contains counts. Not thread-safe.
class SpecReader {
 public:
  /// source: must outlive this object.
  explicit SpecReader(const ModelSource& source);

  const ModelSource& source() const { return source_; }
  const Checkpoint& checkpoint() const { return source_.checkpoint(); }
  const Family& family() const { return source_.family(); }
  const FamilyDefaults& defaults() const { return *source_.family().defaults; }
  const TensorNames& names() const { return source_.names(); }
  std::size_t layers() const { return source_.layers(); }
  bool is_gguf() const { return source_.values().is_gguf(); }

  // As in ValueSource. If the format does not have the value, the result is `otherwise`.
  bool has(const Key& key) const { return source_.values().has(name_of(key)); }
  bool is_null(const Key& key) const { return source_.values().is_null(name_of(key)); }
  bool is_text(const Key& key) const { return source_.values().is_text(name_of(key)); }
  bool is_list(const Key& key) const { return source_.values().is_list(name_of(key)); }
  std::size_t size(const Key& key, std::uint64_t otherwise, SizeRange range = {}) const;
  double number(const Key& key, double otherwise, NumberRange range) const;
  bool flag(const Key& key, bool otherwise) const;
  std::string text(const Key& key, std::string_view otherwise) const;
  std::vector<std::size_t> sizes(const Key& key) const;
  std::vector<bool> flags(const Key& key) const;
  std::vector<std::string> texts(const Key& key) const;
  std::vector<double> numbers(const Key& key) const;
  std::vector<std::size_t> sizes_of_layers(const Key& key, std::uint64_t otherwise,
                                           SizeRange range = {}) const;

  /// As size(), but throws if a GGUF file does not state the value.
  std::size_t required_size(const Key& key, std::uint64_t otherwise, SizeRange range = {}) const;

  /// The text of the key, or the first of `allowed` if the text is missing. Throws unless the text is one of `allowed`.
  std::string one_of(const Key& key, std::vector<std::string_view> allowed) const;

  /// The size of the vocabulary. In a GGUF file the shape of the embedding takes precedence.
  std::size_t vocabulary() const;

  /// Whether a reader has looked up the value with this name.
  bool is_looked_up(std::string_view name) const;

  [[noreturn]] void fail_at(const Key& key, std::string_view expected, std::string_view found) const;

  /// The first name of the key that the description contains; the first name of the key if the description contains none of
  /// its names; empty if the format does not have the value.
  std::string_view name_of(const Key& key) const;

  /// The range of a width. Every layer has a tensor with `width` rows of at least one byte, so the widths of all layers together
  /// are at most the bytes of all tensors. This bounds the lists that are allocated for a damaged file.
  SizeRange width_range(std::uint64_t least) const;

 private:
  const ModelSource& source_;
  std::uint64_t tensor_bytes_ = 0;
  mutable std::vector<std::string_view> looked_up_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "spec_reader.ipp"
#endif
