// SPDX-License-Identifier: MIT
#pragma once
#include "spec_reader.hpp"
#include "../core/concat.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE SpecReader::SpecReader(const ModelSource& source) : source_(source) {
  for (const TensorInfo& tensor : checkpoint().tensors()) tensor_bytes_ += tensor.bytes;
}

MOE_INLINE std::string_view SpecReader::name_of(const Key& key) const {
  const std::span<const std::string_view> names = is_gguf()
                                                      ? std::span<const std::string_view>(key.gguf)
                                                      : std::span<const std::string_view>(key.hugging_face);
  std::string_view out = names[0];
  bool found = false;
  for (const std::string_view name : names) {
    if (name.empty()) break;
    if (!is_looked_up(name)) looked_up_.push_back(name);
    if (!found && source_.values().has(name)) {
      out = name;
      found = true;
    }
  }
  return out;
}

MOE_INLINE bool SpecReader::is_looked_up(std::string_view name) const {
  return std::find(looked_up_.begin(), looked_up_.end(), name) != looked_up_.end();
}

MOE_INLINE std::size_t SpecReader::size(const Key& key, std::uint64_t otherwise, SizeRange range) const {
  return source_.values().size(name_of(key), otherwise, range);
}

MOE_INLINE double SpecReader::number(const Key& key, double otherwise, NumberRange range) const {
  return source_.values().number(name_of(key), otherwise, range);
}

MOE_INLINE bool SpecReader::flag(const Key& key, bool otherwise) const {
  return source_.values().flag(name_of(key), otherwise);
}

MOE_INLINE std::string SpecReader::text(const Key& key, std::string_view otherwise) const {
  return source_.values().text(name_of(key), otherwise);
}

MOE_INLINE std::vector<std::size_t> SpecReader::sizes(const Key& key) const {
  return source_.values().sizes(name_of(key));
}

MOE_INLINE std::vector<bool> SpecReader::flags(const Key& key) const {
  return source_.values().flags(name_of(key));
}

MOE_INLINE std::vector<std::string> SpecReader::texts(const Key& key) const {
  return source_.values().texts(name_of(key));
}

MOE_INLINE std::vector<double> SpecReader::numbers(const Key& key) const {
  return source_.values().numbers(name_of(key));
}

MOE_INLINE std::vector<std::size_t> SpecReader::sizes_of_layers(const Key& key, std::uint64_t otherwise,
                                                                SizeRange range) const {
  return source_.values().sizes_of_layers(name_of(key), layers(), otherwise, range);
}

MOE_INLINE std::size_t SpecReader::required_size(const Key& key, std::uint64_t otherwise,
                                                 SizeRange range) const {
  if (is_gguf() && !has(key)) fail_at(key, "to be there", "nothing");
  return size(key, otherwise, range);
}

MOE_INLINE std::string SpecReader::one_of(const Key& key, std::vector<std::string_view> allowed) const {
  std::string out = text(key, allowed[0]);
  if (std::find(allowed.begin(), allowed.end(), out) != allowed.end()) return out;
  std::string expected;
  for (const std::string_view word : allowed) expected += concat(expected.empty() ? "" : " or ", word);
  fail_at(key, expected, out);
}

MOE_INLINE std::size_t SpecReader::vocabulary() const {
  const TensorInfo* embedding = is_gguf() ? names().find(Role::embedding) : nullptr;
  const std::size_t stated = size(keys::vocabulary, is_gguf() ? 0 : defaults().vocabulary);
  if (embedding && !embedding->shape.empty() && embedding->shape[0] <= SizeRange{}.most)
    return static_cast<std::size_t>(embedding->shape[0]);
  if (stated > 0) return stated;
  (void)checkpoint().at(names().of(Role::embedding));
  fail_at(keys::vocabulary, "a whole number from 1", "0");
}

MOE_INLINE void SpecReader::fail_at(const Key& key, std::string_view expected, std::string_view found) const {
  source_.values().fail_at(name_of(key), expected, found);
}

MOE_INLINE SizeRange SpecReader::width_range(std::uint64_t least) const {
  return {.least = least, .most = std::min(SizeRange{}.most, std::max(tensor_bytes_ / layers(), least))};
}

}  // namespace moe::inline MOE_ABI::detail
