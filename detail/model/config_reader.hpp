#pragma once
#include "../core/config.hpp"
#include "../io/json.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The range of a size. Sizes stay below 2^31, so the product of two fits into 64 bits.
struct SizeRange {
  std::uint64_t least = 0;
  std::uint64_t most = (std::uint64_t{1} << 31) - 1;
};
struct NumberRange {
  double least;
  double most;
};

/// Reads members of a configuration. A member that is missing or null has the value `otherwise`; a member of the wrong type
/// or out of its range is an error.
class ConfigReader {
 public:
  explicit ConfigReader(Json object) : object_(object.as_object()) {}

  bool has(std::string_view key) const { return static_cast<bool>(value(key)); }
  bool is_null(std::string_view key) const;

  std::size_t size(std::string_view key, std::uint64_t otherwise, SizeRange range = {}) const;

  double number(std::string_view key, double otherwise, NumberRange range) const;

  bool flag(std::string_view key, bool otherwise) const;

  std::string text(std::string_view key, std::string_view otherwise) const;

  /// A list of sizes; a single number is a list of one. Empty if the member is missing.
  std::vector<std::size_t> sizes(std::string_view key) const;

  std::vector<std::string> texts(std::string_view key) const;

  /// A reader of a member that is an object; empty if the member is missing or null.
  std::optional<ConfigReader> object(std::string_view key) const;

  /// Throws an Error about the member, or about the object if the member is missing.
  [[noreturn]] void fail_at(std::string_view key, std::string_view expected, std::string_view found) const;

 private:
  Json value(std::string_view key) const;

  Json object_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "config_reader.ipp"
#endif
