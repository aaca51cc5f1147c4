// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "json_parser.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI {

/// One value of a JSON document: a view that is cheap to copy, and valid while the document lives. Getters throw an Error
/// with the path of the value if the value has another kind, a member is missing, or a number is out of range: `config.json:
/// $.rope_scaling.factor: expected a number, found a string`.
class Json {
 public:
  /// The kinds of values of RFC 8259.
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

  /// No value: the result of find() for a missing member. Only operator bool may be called.
  Json() = default;
  /// The value of node `index`. The tree must outlive the view.
  Json(const detail::JsonTree& tree, std::uint32_t index) : tree_(&tree), index_(index) {}

  /// Whether there is a value; the JSON value null counts as one.
  explicit operator bool() const { return tree_ != nullptr; }

  Kind kind() const { return static_cast<Kind>(node().kind); }  // of the value
  bool is_null() const { return kind() == Kind::null; }         // kind() == null
  bool is_string() const { return kind() == Kind::string; }     // kind() == string
  bool is_array() const { return kind() == Kind::array; }       // kind() == array
  bool is_object() const { return kind() == Kind::object; }     // kind() == object

  /// true or false.
  bool as_bool() const;

  /// The text of a string, with decoded escapes, in valid UTF-8.
  std::string_view as_string() const;

  /// An integer from `least` to `most`, written without fraction and exponent.
  std::uint64_t as_u64(std::uint64_t most = std::numeric_limits<std::uint64_t>::max(),
                       std::uint64_t least = 0) const;

  /// A number as f64. Throws if it is too large for an f64; the words Infinity and -Infinity are numbers only if the caller
  /// allows infinities.
  double as_double(bool allow_infinity = false) const;

  /// This value, if it is an array; otherwise throws. For range-based for loops.
  Json as_array() const;
  /// This value, if it is an object; otherwise throws. For range-based for loops.
  Json as_object() const;

  /// The number of elements or members.
  std::size_t size() const;

  /// The member with this name; no value if there is none. Throws if there are two, or if this value is not an object. Takes
  /// time linear in the number of members: to look up many names, iterate over the members once.
  Json find(std::string_view key) const;

  /// The member with this name. Throws if there is none.
  Json at(std::string_view key) const;

  /// The name of this value, which is a member of an object.
  std::string_view key() const { return tree_->key(node()); }

  /// The elements or members, in the order of the text. Other kinds have none.
  class Iterator {
   public:
    /// At node `index`; 0: behind the last element.
    Iterator(const detail::JsonTree* tree, std::uint32_t index) : tree_(tree), index_(index) {}
    /// The element or member.
    Json operator*() const { return {*tree_, index_}; }
    /// Moves to the next element or member.
    Iterator& operator++();
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.index_ == b.index_; }

   private:
    const detail::JsonTree* tree_;
    std::uint32_t index_;
  };
  /// The first element or member; end() if there is none.
  Iterator begin() const;
  Iterator end() const { return {tree_, 0}; }  // behind the last element or member

  /// The text of a number as in the document, the contents of a string, or `true`, `false` or `null`.
  std::string_view slice() const { return tree_->slice(node()); }

  /// Throws an Error about this value.
  [[noreturn]] void fail_here(std::string_view expected, std::string_view found) const;

  /// The path from the root: `$.model.merges[3]`.
  std::string path() const;

 private:
  static constexpr std::string_view name_of(Kind kind) {
    constexpr std::string_view names[] = {"null",     "a boolean", "a number",
                                          "a string", "an array",  "an object"};
    return names[static_cast<std::size_t>(kind)];
  }

  void require(Kind wanted) const;

  const detail::JsonNode& node() const { return tree_->nodes[index_]; }

  const detail::JsonTree* tree_ = nullptr;
  std::uint32_t index_ = 0;
};

/// A parsed JSON text (RFC 8259, and the numbers Infinity and -Infinity). `name`: the source of the text, for error messages.
class JsonDocument {
 public:
  /// Parses the text. Throws if it is no JSON, or if it has more than 128 levels or 4 GiB.
  explicit JsonDocument(std::string text, std::string name = "JSON");

  /// The value of the whole text, valid while the document lives.
  Json root() const { return {*tree_, 0}; }

 private:
  std::unique_ptr<detail::JsonTree> tree_;  // on the heap, so that values stay valid when the document moves
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "json.ipp"
#endif
