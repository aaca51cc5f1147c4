// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/gguf_metadata.hpp"
#include "../io/json.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The range of a size. Sizes stay below 2^31, so the product of two sizes fits into 64 bits.
struct SizeRange {
  std::uint64_t least = 0;
  std::uint64_t most = (std::uint64_t{1} << 31) - 1;
};
struct NumberRange {
  double least;
  double most;
};

/// Finds values of a model's description by key: in an object of config.json, or in the metadata of a GGUF file under the
/// prefix of the architecture. If a value is missing or null, the result is `otherwise`. Throws if a value has the wrong type
/// or is out of its range; the Error states the place of the value. A look-up takes at most linear time in the number of
/// values.
class ValueSource {
 public:
  /// config: an object of config.json. It must outlive this object.
  explicit ValueSource(Json config);
  /// prefix: `qwen3moe.` and so on. The metadata must outlive this object.
  ValueSource(const GgufMetadata& metadata, std::string prefix);

  bool is_gguf() const { return metadata_ != nullptr; }

  bool has(std::string_view key) const;  // whether the value is neither missing nor null
  bool is_null(std::string_view key) const;

  std::size_t size(std::string_view key, std::uint64_t otherwise, SizeRange range = {}) const;
  double number(std::string_view key, double otherwise, NumberRange range) const;
  bool flag(std::string_view key, bool otherwise) const;
  std::string text(std::string_view key, std::string_view otherwise) const;

  /// A list of sizes; a single number is a list of one. Empty if the value is missing.
  std::vector<std::size_t> sizes(std::string_view key) const;
  std::vector<bool> flags(std::string_view key) const;

  /// A list of texts of config.json. Empty if the value is missing. Throws if a GGUF file has a value of this key.
  std::vector<std::string> texts(std::string_view key) const;

  /// A list of numbers of config.json. Numbers may be infinite: `Infinity` or {"__float__": "Infinity"}. Empty if the value is
  /// missing. Throws if a GGUF file has a value of this key.
  std::vector<double> numbers(std::string_view key) const;

  /// A number of any type, which may be negative, or a boolean as 0 or 1; nothing if the value is missing. An array of equal
  /// integers in a GGUF file counts as one such integer.
  std::optional<double> any_number(std::string_view key) const;

  /// One value per layer: the first `layers` elements of a list, or a single number, repeated for each layer. Throws if a list
  /// has fewer than `layers` elements.
  std::vector<std::size_t> sizes_of_layers(std::string_view key, std::size_t layers, std::uint64_t otherwise,
                                           SizeRange range = {}) const;

  /// A member that is an object; empty if the member is missing or null, and in GGUF files.
  std::optional<ValueSource> object(std::string_view key) const;

  /// All members with their names; empty in GGUF files. Throws if a member is no object.
  std::vector<std::pair<std::string, ValueSource>> objects() const;

  /// The names of all members; empty in GGUF files.
  std::vector<std::string> names() const;

  bool is_list(std::string_view key) const;
  bool is_text(std::string_view key) const;
  bool is_flag(std::string_view key) const;
  bool is_object(std::string_view key) const;

  /// Throws an Error about the value, or about the whole object if the value is missing.
  [[noreturn]] void fail_at(std::string_view key, std::string_view expected, std::string_view found) const;

 private:
  /// The key with the prefix. Empty for an empty key, which stands for a value that the format does not have (see Key).
  std::string full(std::string_view key) const { return key.empty() ? "" : prefix_ + std::string(key); }

  Json member(std::string_view key) const;  // no value if the member is missing or null

  /// Throws if a GGUF file has a value of this key. elements: what the list would hold.
  void refuse_list_of_gguf(std::string_view key, std::string_view elements) const;

  [[noreturn]] void fail_range(std::string_view key, SizeRange range, std::uint64_t found) const;

  Json object_;
  const GgufMetadata* metadata_ = nullptr;
  std::string prefix_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "value_source.ipp"
#endif
