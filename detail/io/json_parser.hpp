#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// One value of a JSON text. Children follow their parent directly and are linked by `next`.
struct JsonNode {
  std::uint32_t parent = 0;
  std::uint32_t next = 0;  // index of the next sibling; 0: none
  std::uint32_t key_begin = 0, key_size = 0;
  std::uint32_t begin = 0;
  std::uint32_t size = 0;  // characters, elements or members
  std::uint8_t kind = 0;   // Json::Kind
};

struct JsonTree {
  std::string name;
  std::string text;  // strings stand in it unescaped, each at the place where it stood
  std::vector<JsonNode> nodes;

  std::string_view slice(const JsonNode& node) const;
  std::string_view key(const JsonNode& node) const;
};

/// Independent of the locale; nothing if the value is too large for an f64.
std::optional<double> parse_double(std::string_view digits);

/// Recursive descent over RFC 8259, stricter than many: valid UTF-8, no control characters in strings, no
/// lone surrogates, no number like 01 or NaN, at most 128 levels (as serde_json). Two members of one name are
/// found when asked for.
class JsonParser {
 public:
  JsonParser(std::string text, std::string name);

  JsonTree parse() &&;

 private:
  enum Kind : std::uint8_t { null, boolean, number, string, array, object };  // as Json::Kind
  static constexpr int max_depth = 128;

  std::string& text() { return tree_.text; }
  JsonNode& node(std::uint32_t index) { return tree_.nodes[index]; }

  std::uint32_t add_node(std::uint32_t parent);

  char peek() const { return at_ < tree_.text.size() ? tree_.text[at_] : '\0'; }

  void skip_space();

  bool take(char c);

  void value(std::uint32_t self, int depth);

  void children(std::uint32_t self, int depth, Kind kind, char closing);

  void member_name(std::uint32_t self);

  void string_value(std::uint32_t self);

  void literal(std::uint32_t self, std::string_view word, Kind kind);

  void number_value(std::uint32_t self);

  void finish(std::uint32_t self, Kind kind, std::size_t end);

  /// Reads a string from its opening quote on and writes it unescaped over itself, which never needs more room.
  std::pair<std::uint32_t, std::uint32_t> unescaped();

  std::string escape();

  std::string unicode_escape();

  char32_t four_digits();

  std::string quote_here() const;

  [[noreturn]] void fail_here(std::string_view expected, std::string_view found) const;

  JsonTree tree_;
  std::size_t at_ = 0;
};

JsonTree parse_json(std::string text, std::string name);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "json_parser.ipp"
#endif
