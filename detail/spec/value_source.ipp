// SPDX-License-Identifier: MIT
#pragma once
#include "value_source.hpp"
#include "../core/concat.hpp"
#include "../core/decimal.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// A number of a list. transformers 5 writes infinities as {"__float__": "Infinity"}.
MOE_INLINE double number_of(const Json& element) {
  if (!element.is_object()) return element.as_double(true);
  const Json word = element.at("__float__");
  if (word.as_string() != infinity_word) word.fail_here(infinity_word, word.slice());
  return std::numeric_limits<double>::infinity();
}

MOE_INLINE ValueSource::ValueSource(Json config) : object_(config.as_object()) {}

MOE_INLINE ValueSource::ValueSource(const GgufMetadata& metadata, std::string prefix)
    : metadata_(&metadata), prefix_(std::move(prefix)) {}

MOE_INLINE bool ValueSource::has(std::string_view key) const {
  return metadata_ ? metadata_->find(full(key)) != nullptr : static_cast<bool>(member(key));
}

MOE_INLINE bool ValueSource::is_null(std::string_view key) const {
  const Json found = metadata_ || key.empty() ? Json() : object_.find(key);
  return found && found.is_null();
}

MOE_INLINE bool ValueSource::is_list(std::string_view key) const {
  if (metadata_) return metadata_->is_array(full(key));
  const Json found = member(key);
  return found && found.is_array();
}

MOE_INLINE bool ValueSource::is_text(std::string_view key) const {
  const GgufValue* value = metadata_ ? metadata_->find(full(key)) : nullptr;
  if (metadata_) return value && value->type == GgufType::string;
  const Json found = member(key);
  return found && found.is_string();
}

MOE_INLINE bool ValueSource::is_flag(std::string_view key) const {
  const GgufValue* value = metadata_ ? metadata_->find(full(key)) : nullptr;
  if (metadata_) return value && value->type == GgufType::boolean;
  const Json found = member(key);
  return found && found.kind() == Json::Kind::boolean;
}

MOE_INLINE bool ValueSource::is_object(std::string_view key) const {
  const Json found = metadata_ ? Json() : member(key);
  return found && found.is_object();
}

MOE_INLINE std::size_t ValueSource::size(std::string_view key, std::uint64_t otherwise,
                                         SizeRange range) const {
  std::uint64_t out = otherwise;
  if (metadata_) {
    out = metadata_->whole(full(key)).value_or(otherwise);
  } else if (const Json found = member(key)) {
    out = found.as_u64(range.most, range.least);
  }
  if (out < range.least || out > range.most) fail_range(key, range, out);
  return static_cast<std::size_t>(out);
}

MOE_INLINE double ValueSource::number(std::string_view key, double otherwise, NumberRange range) const {
  double out = otherwise;
  if (metadata_) {
    out = metadata_->number(full(key)).value_or(otherwise);
  } else if (const Json found = member(key)) {
    out = found.as_double();
  }
  if (!(out >= range.least && out <= range.most))
    fail_at(key, concat("a number from ", range.least, " to ", range.most), to_decimal(out));
  return out;
}

MOE_INLINE bool ValueSource::flag(std::string_view key, bool otherwise) const {
  if (metadata_) return metadata_->flag(full(key), otherwise);
  const Json found = member(key);
  return found ? found.as_bool() : otherwise;
}

MOE_INLINE std::string ValueSource::text(std::string_view key, std::string_view otherwise) const {
  if (metadata_) return std::string(metadata_->text(full(key)).value_or(otherwise));
  const Json found = member(key);
  return std::string(found ? found.as_string() : otherwise);
}

MOE_INLINE std::vector<std::size_t> ValueSource::sizes(std::string_view key) const {
  constexpr SizeRange range;
  std::vector<std::size_t> out;
  if (!has(key)) return out;
  if (!is_list(key)) return {size(key, 0)};
  if (metadata_) {
    for (const std::uint64_t element : metadata_->wholes(full(key))) {
      if (element > range.most) fail_range(key, range, element);
      out.push_back(static_cast<std::size_t>(element));
    }
    return out;
  }
  for (const Json element : member(key)) out.push_back(static_cast<std::size_t>(element.as_u64(range.most)));
  return out;
}

MOE_INLINE std::vector<bool> ValueSource::flags(std::string_view key) const {
  if (metadata_) return metadata_->flags(full(key));
  std::vector<bool> out;
  if (const Json found = member(key))
    for (const Json element : found.as_array()) out.push_back(element.as_bool());
  return out;
}

MOE_INLINE std::vector<std::string> ValueSource::texts(std::string_view key) const {
  std::vector<std::string> out;
  refuse_list_of_gguf(key, "texts");
  if (const Json found = metadata_ ? Json() : member(key))
    for (const Json element : found.as_array()) out.emplace_back(element.as_string());
  return out;
}

MOE_INLINE std::vector<double> ValueSource::numbers(std::string_view key) const {
  std::vector<double> out;
  refuse_list_of_gguf(key, "numbers");
  const Json found = metadata_ ? Json() : member(key);
  if (!found) return out;
  for (const Json element : found.as_array()) out.push_back(number_of(element));
  return out;
}

MOE_INLINE std::optional<double> ValueSource::any_number(std::string_view key) const {
  if (!metadata_) {
    const Json found = member(key);
    if (!found) return {};
    return found.kind() == Json::Kind::boolean ? (found.as_bool() ? 1.0 : 0.0) : found.as_double();
  }
  const GgufValue* value = metadata_->find(full(key));
  if (!value) return {};
  if (value->type == GgufType::boolean) return metadata_->flag(full(key), false) ? 1.0 : 0.0;
  if (value->type == GgufType::array) return static_cast<double>(*metadata_->whole(full(key)));
  return metadata_->any_number(full(key));
}

MOE_INLINE std::vector<std::size_t> ValueSource::sizes_of_layers(std::string_view key, std::size_t layers,
                                                                 std::uint64_t otherwise,
                                                                 SizeRange range) const {
  if (!is_list(key)) return std::vector<std::size_t>(layers, size(key, otherwise, range));
  std::vector<std::size_t> out = sizes(key);
  if (out.size() < layers)
    fail_at(key, concat("an element for each of ", layers, " layers"), concat(out.size(), " elements"));
  out.resize(layers);
  for (const std::size_t element : out)
    if (element < range.least || element > range.most) fail_range(key, range, element);
  return out;
}

MOE_INLINE std::optional<ValueSource> ValueSource::object(std::string_view key) const {
  const Json found = metadata_ ? Json() : member(key);
  if (!found) return {};
  return ValueSource(found);
}

MOE_INLINE std::vector<std::pair<std::string, ValueSource>> ValueSource::objects() const {
  std::vector<std::pair<std::string, ValueSource>> out;
  if (metadata_) return out;
  for (const Json one : object_) out.emplace_back(one.key(), ValueSource(one));
  return out;
}

MOE_INLINE std::vector<std::string> ValueSource::names() const {
  std::vector<std::string> out;
  if (metadata_) return out;
  for (const Json one : object_) out.emplace_back(one.key());
  return out;
}

MOE_INLINE void ValueSource::refuse_list_of_gguf(std::string_view key, std::string_view elements) const {
  const GgufValue* value = metadata_ ? metadata_->find(full(key)) : nullptr;
  if (value)
    metadata_->fail_type(*value,
                         concat("no value, because lists of ", elements, " stand only in config.json"));
}

MOE_INLINE void ValueSource::fail_at(std::string_view key, std::string_view expected,
                                     std::string_view found) const {
  if (metadata_) metadata_->fail_at(full(key), expected, found);
  const Json at = key.empty() ? Json() : object_.find(key);
  (at ? at : object_).fail_here(at ? std::string(expected) : concat("\"", key, "\" to be ", expected), found);
}

MOE_INLINE Json ValueSource::member(std::string_view key) const {
  const Json found = key.empty() ? Json() : object_.find(key);
  return found && !found.is_null() ? found : Json();
}

MOE_INLINE void ValueSource::fail_range(std::string_view key, SizeRange range, std::uint64_t found) const {
  fail_at(key, concat("a whole number from ", range.least, " to ", range.most), concat(found));
}

}  // namespace moe::inline MOE_ABI::detail
