#pragma once
#include "../core/error.hpp"
#include "../io/json.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::detail {

/// Sizes stay below 2^31, so that products of two of them fit into 64 bits.
struct SizeRange {
  std::uint64_t least = 0;
  std::uint64_t most = (std::uint64_t{1} << 31) - 1;
};
struct NumberRange {
  double least;
  double most;
};

/// Reads members of a configuration, each with a default for when it is missing or null, and with the range it must be in.
class ConfigReader {
 public:
  explicit ConfigReader(Json object) : object_(object.as_object()) {}

  bool has(std::string_view key) const { return static_cast<bool>(value(key)); }
  bool is_null(std::string_view key) const {
    const Json found = object_.find(key);
    return found && found.is_null();
  }

  std::size_t size(std::string_view key, std::uint64_t otherwise, SizeRange range = {}) const {
    const Json found = value(key);
    const std::uint64_t out = found ? found.as_u64(range.most, range.least) : otherwise;
    if (out < range.least || out > range.most)
      fail_at(key, concat("a whole number from ", range.least, " to ", range.most), concat(out));
    return static_cast<std::size_t>(out);
  }

  double number(std::string_view key, double otherwise, NumberRange range) const {
    const Json found = value(key);
    const double out = found ? found.as_double() : otherwise;
    if (!(out >= range.least && out <= range.most))
      fail_at(key, concat("a number from ", range.least, " to ", range.most), concat(out));
    return out;
  }

  bool flag(std::string_view key, bool otherwise) const {
    const Json found = value(key);
    return found ? found.as_bool() : otherwise;
  }

  std::string text(std::string_view key, std::string_view otherwise) const {
    const Json found = value(key);
    return std::string(found ? found.as_string() : otherwise);
  }

  /// A list of sizes, or one alone; empty if missing.
  std::vector<std::size_t> sizes(std::string_view key) const {
    std::vector<std::size_t> out;
    const Json found = value(key);
    if (found && !found.is_array()) return {size(key, 0)};
    if (found)
      for (const Json element : found)
        out.push_back(static_cast<std::size_t>(element.as_u64(SizeRange{}.most)));
    return out;
  }

  std::vector<std::string> texts(std::string_view key) const {
    std::vector<std::string> out;
    if (const Json found = value(key))
      for (const Json element : found.as_array()) out.emplace_back(element.as_string());
    return out;
  }

  /// A reader of a member that is an object; nothing if it is missing or null.
  std::optional<ConfigReader> object(std::string_view key) const {
    const Json found = value(key);
    if (!found) return {};
    return ConfigReader(found);
  }

  [[noreturn]] void fail_at(std::string_view key, std::string_view expected, std::string_view found) const {
    const Json member = object_.find(key);
    (member ? member : object_)
        .fail_here(member ? std::string(expected) : concat("\"", key, "\" to be ", expected), found);
  }

 private:
  Json value(std::string_view key) const {
    const Json found = object_.find(key);
    return found && !found.is_null() ? found : Json();
  }

  Json object_;
};

}  // namespace moe::detail
