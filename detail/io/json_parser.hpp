// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// One value of a JSON text. The first child follows its parent in the list of nodes; `next` links siblings.
struct JsonNode {
  std::uint32_t parent = 0;
  std::uint32_t next = 0;  // the index of the next sibling; 0 if there is none
  std::uint32_t key_begin = 0, key_size = 0;
  std::uint32_t begin = 0;
  std::uint32_t size = 0;  // the number of bytes, elements or members
  std::uint8_t kind = 0;   // Json::Kind
};

struct JsonTree {
  std::string name;
  std::string text;  // the JSON text; the parser overwrites each string with its contents without escapes
  std::vector<JsonNode> nodes;

  std::string_view slice(const JsonNode& node) const;
  std::string_view key(const JsonNode& node) const;
};

inline constexpr std::string_view infinity_word = "Infinity";

/// Parses a JSON text by RFC 8259, with the numbers Infinity and -Infinity, which Python writes. Stricter than many parsers:
/// requires valid UTF-8, and refuses control characters in strings, lone surrogates, numbers like 01 or NaN, and more than
/// 128 levels. Duplicate names are detected by Json::find().
JsonTree parse_json(std::string text, std::string name);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "json_parser.ipp"
#endif
