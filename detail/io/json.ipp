// SPDX-License-Identifier: MIT
#pragma once
#include "json.hpp"
#include "../core/concat.hpp"
#include "../core/decimal.hpp"
#include "../core/error.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace moe::inline MOE_ABI {

MOE_INLINE bool Json::as_bool() const {
  require(Kind::boolean);
  return slice() == "true";
}

MOE_INLINE std::string_view Json::as_string() const {
  require(Kind::string);
  return slice();
}

MOE_INLINE std::uint64_t Json::as_u64(std::uint64_t most, std::uint64_t least) const {
  require(Kind::number);
  std::uint64_t value = 0;
  const std::string_view digits = slice();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || value < least || value > most)
    fail_here(detail::concat("a whole number from ", least, " to ", most), digits);
  return value;
}

MOE_INLINE double Json::as_double(bool allow_infinity) const {
  require(Kind::number);
  if (allow_infinity && slice().ends_with(detail::infinity_word))
    return (slice()[0] == '-' ? -1 : 1) * std::numeric_limits<double>::infinity();
  const std::optional<double> value = detail::parse_double(slice());
  if (!value) fail_here("a number that an f64 can hold", slice());
  return *value;
}

MOE_INLINE Json Json::as_array() const {
  require(Kind::array);
  return *this;
}

MOE_INLINE Json Json::as_object() const {
  require(Kind::object);
  return *this;
}

MOE_INLINE std::size_t Json::size() const {
  if (!is_array()) require(Kind::object);
  return node().size;
}

MOE_INLINE Json Json::find(std::string_view key) const {
  require(Kind::object);
  Json found;
  for (const Json member : *this) {
    if (member.key() != key) continue;
    if (found) found.fail_here("one member of this name", "two");
    found = member;
  }
  return found;
}

MOE_INLINE Json Json::at(std::string_view key) const {
  const Json member = find(key);
  if (!member) fail_here(detail::concat("a member \"", key, "\""), "none");
  return member;
}

MOE_INLINE Json::Iterator& Json::Iterator::operator++() {
  index_ = tree_->nodes[index_].next;
  return *this;
}

MOE_INLINE Json::Iterator Json::begin() const {
  const bool has_children = (is_array() || is_object()) && node().size > 0;
  return {tree_, has_children ? index_ + 1 : 0};
}

MOE_INLINE void Json::fail_here(std::string_view expected, std::string_view found) const {
  detail::fail(tree_->name, path(), expected, found);
}

MOE_INLINE std::string Json::path() const {
  if (index_ == 0) return "$";
  const Json parent(*tree_, node().parent);
  if (parent.is_object()) return detail::concat(parent.path(), '.', key());
  std::size_t position = 0;
  for (const Json element : parent) {
    if (element.index_ == index_) break;
    ++position;
  }
  return detail::concat(parent.path(), '[', position, ']');
}

MOE_INLINE void Json::require(Kind wanted) const {
  if (kind() != wanted) fail_here(name_of(wanted), name_of(kind()));
}

MOE_INLINE JsonDocument::JsonDocument(std::string text, std::string name)
    : tree_(new detail::JsonTree(detail::parse_json(std::move(text), std::move(name)))) {}

}  // namespace moe::inline MOE_ABI
