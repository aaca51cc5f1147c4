#pragma once
#include "config_reader.hpp"
#include "../core/concat.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE bool ConfigReader::is_null(std::string_view key) const {
  const Json found = object_.find(key);
  return found && found.is_null();
}

MOE_INLINE std::size_t ConfigReader::size(std::string_view key, std::uint64_t otherwise,
                                          SizeRange range) const {
  const Json found = value(key);
  const std::uint64_t out = found ? found.as_u64(range.most, range.least) : otherwise;
  if (out < range.least || out > range.most)
    fail_at(key, concat("a whole number from ", range.least, " to ", range.most), concat(out));
  return static_cast<std::size_t>(out);
}

MOE_INLINE double ConfigReader::number(std::string_view key, double otherwise, NumberRange range) const {
  const Json found = value(key);
  const double out = found ? found.as_double() : otherwise;
  if (!(out >= range.least && out <= range.most))
    fail_at(key, concat("a number from ", range.least, " to ", range.most), concat(out));
  return out;
}

MOE_INLINE bool ConfigReader::flag(std::string_view key, bool otherwise) const {
  const Json found = value(key);
  return found ? found.as_bool() : otherwise;
}

MOE_INLINE std::string ConfigReader::text(std::string_view key, std::string_view otherwise) const {
  const Json found = value(key);
  return std::string(found ? found.as_string() : otherwise);
}

MOE_INLINE std::vector<std::size_t> ConfigReader::sizes(std::string_view key) const {
  std::vector<std::size_t> out;
  const Json found = value(key);
  if (found && !found.is_array()) return {size(key, 0)};
  if (found)
    for (const Json element : found)
      out.push_back(static_cast<std::size_t>(element.as_u64(SizeRange{}.most)));
  return out;
}

MOE_INLINE std::vector<std::string> ConfigReader::texts(std::string_view key) const {
  std::vector<std::string> out;
  if (const Json found = value(key))
    for (const Json element : found.as_array()) out.emplace_back(element.as_string());
  return out;
}

MOE_INLINE std::optional<ConfigReader> ConfigReader::object(std::string_view key) const {
  const Json found = value(key);
  if (!found) return {};
  return ConfigReader(found);
}

MOE_INLINE void ConfigReader::fail_at(std::string_view key, std::string_view expected,
                                      std::string_view found) const {
  const Json member = object_.find(key);
  (member ? member : object_)
      .fail_here(member ? std::string(expected) : concat("\"", key, "\" to be ", expected), found);
}

MOE_INLINE Json ConfigReader::value(std::string_view key) const {
  const Json found = object_.find(key);
  return found && !found.is_null() ? found : Json();
}

}  // namespace moe::inline MOE_ABI::detail
