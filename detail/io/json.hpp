#pragma once
#include "../core/error.hpp"
#include "json_parser.hpp"

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace moe {

/// One value of a JSON document: a view that is cheap to copy and valid as long as the document. What is read from it
/// is checked: a wrong kind, a missing member or a number that does not fit throws an Error with the path of the value,
/// such as `config.json: $.rope_scaling.factor: expected a number, found a string`.
class Json {
 public:
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

  /// Nothing at all, as from a member that is not there.
  Json() = default;
  Json(const detail::JsonTree& tree, std::uint32_t index) : tree_(&tree), index_(index) {}

  /// Whether there is a value (which may be null).
  explicit operator bool() const { return tree_ != nullptr; }

  Kind kind() const { return static_cast<Kind>(node().kind); }
  bool is_null() const { return kind() == Kind::null; }
  bool is_string() const { return kind() == Kind::string; }
  bool is_array() const { return kind() == Kind::array; }
  bool is_object() const { return kind() == Kind::object; }

  bool as_bool() const {
    require(Kind::boolean);
    return slice() == "true";
  }

  /// The characters, unescaped, as valid UTF-8.
  std::string_view as_string() const {
    require(Kind::string);
    return slice();
  }

  /// A whole number from `least` to `most`, written without fraction and exponent.
  std::uint64_t as_u64(std::uint64_t most = std::numeric_limits<std::uint64_t>::max(),
                       std::uint64_t least = 0) const {
    require(Kind::number);
    std::uint64_t value = 0;
    const std::string_view digits = slice();
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || value < least || value > most)
      fail_here(detail::concat("a whole number from ", least, " to ", most), digits);
    return value;
  }

  /// A number as f64. Throws if it is too large for one.
  double as_double() const {
    require(Kind::number);
    const std::optional<double> value = detail::parse_double(slice());
    if (!value) fail_here("a number that an f64 can hold", slice());
    return *value;
  }

  /// This value, which must be an array or an object; for going through it.
  Json as_array() const {
    require(Kind::array);
    return *this;
  }
  Json as_object() const {
    require(Kind::object);
    return *this;
  }

  /// The number of elements or members.
  std::size_t size() const {
    if (!is_array()) require(Kind::object);
    return node().size;
  }

  /// The member of that name; nothing if there is none. Throws if there are two, or if this is no object.
  Json find(std::string_view key) const {
    require(Kind::object);
    Json found;
    for (const Json member : *this) {
      if (member.key() != key) continue;
      if (found) found.fail_here("one member of that name", "two");
      found = member;
    }
    return found;
  }

  /// The member of that name, which must be there.
  Json at(std::string_view key) const {
    const Json member = find(key);
    if (!member) fail_here(detail::concat("a member \"", key, "\""), "none");
    return member;
  }

  /// Of a member of an object: its name.
  std::string_view key() const { return tree_->key(node()); }

  /// Goes through elements or members, in the order of the text. Nothing for other kinds.
  class Iterator {
   public:
    Iterator(const detail::JsonTree* tree, std::uint32_t index) : tree_(tree), index_(index) {}
    Json operator*() const { return {*tree_, index_}; }
    Iterator& operator++() {
      index_ = tree_->nodes[index_].next;
      return *this;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.index_ == b.index_; }

   private:
    const detail::JsonTree* tree_;
    std::uint32_t index_;
  };
  Iterator begin() const {
    const bool has_children = (is_array() || is_object()) && node().size > 0;
    return {tree_, has_children ? index_ + 1 : 0};
  }
  Iterator end() const { return {tree_, 0}; }

  /// The text of a number as written; the contents of a string; `true`, `false` or `null`.
  std::string_view slice() const { return tree_->slice(node()); }

  /// Throws an Error about this value.
  [[noreturn]] void fail_here(std::string_view expected, std::string_view found) const {
    fail(tree_->name, path(), expected, found);
  }

  /// `$.model.merges[3]`
  std::string path() const {
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

 private:
  static constexpr std::string_view name_of(Kind kind) {
    constexpr std::string_view names[] = {"null",     "a boolean", "a number",
                                          "a string", "an array",  "an object"};
    return names[static_cast<std::size_t>(kind)];
  }

  void require(Kind wanted) const {
    if (kind() != wanted) fail_here(name_of(wanted), name_of(kind()));
  }

  const detail::JsonNode& node() const { return tree_->nodes[index_]; }

  const detail::JsonTree* tree_ = nullptr;
  std::uint32_t index_ = 0;
};

/// A parsed JSON text (RFC 8259). `name` says in errors where the text came from.
class JsonDocument {
 public:
  explicit JsonDocument(std::string text, std::string name = "JSON")
      : tree_(new detail::JsonTree(detail::parse_json(std::move(text), std::move(name)))) {}

  Json root() const { return {*tree_, 0}; }

 private:
  std::unique_ptr<detail::JsonTree> tree_;  // on the heap: values keep its address when the document moves
};

}  // namespace moe
