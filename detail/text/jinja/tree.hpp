// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

struct Node;

/// An argument of a call; or a parameter of a macro, where `value` is the default and may be null.
struct Argument {
  enum class Type : std::uint8_t { positional, named, list, dict };

  Type type = Type::positional;
  std::uint32_t name = 0;
  const Node* value = nullptr;
};

/// A node of a template. The comment of each type lists the children in order, then the other members in use. A child with `?`
/// may be null.
struct Node {
  enum class Type : std::uint8_t {
    // Expressions
    constant_none,
    constant_boolean,  // flag
    constant_integer,  // text, as in Token
    constant_real,     // text
    constant_string,   // text
    name,              // name
    list,              // elements
    tuple,             // elements
    dict,              // key, value, key, value...
    attribute,         // object; text
    item,              // object, key
    slice,             // object, first?, last?, step?
    call,              // function; arguments
    filter,            // value?; text: the name; arguments. The first filter of a tag has no value
    test,              // value; text: the name; arguments; flag: not
    negative,          // value
    positive,          // value
    not_,              // value
    and_,              // left, right
    or_,               // left, right
    operation,         // left, right; text: the operator
    concatenation,     // parts
    comparison,        // left, right, right...; texts: an operator for each right
    condition,         // value, condition, otherwise?
    // Statements
    output,        // text, or an expression as the only child
    block,         // statements
    if_,           // condition, block, condition, block..., otherwise?
    for_,          // target, iterable, condition?, block, otherwise?; flag: recursive
    set,           // target, value
    set_block,     // target, filter?, block
    macro,         // block; name; arguments: the parameters; flag: of a call tag
    call_block,    // call, macro
    filter_block,  // filter, block
    with,          // target, value, target, value..., block
    scope,         // block, with variables of its own
    named_block,   // block, with variables of its own; flag: scoped
    autoescape,    // value, block
    refusal,       // text: the error
    break_,
    continue_,
  };

  Type type;
  bool flag = false;
  std::uint8_t uses = 0;    // macro: see Uses
  std::uint16_t depth = 1;  // of the tree below this node, with this node
  std::uint32_t place = 0;  // offset in the source
  std::uint32_t name = 0;   // see Tree::names
  std::string text = {};
  std::vector<const Node*> children = {};
  std::vector<Argument> arguments = {};
  std::vector<std::string> texts = {};
  std::vector<std::uint32_t> unset = {};  // block: see find_unset_names()
};

/// Which special variables a macro's body mentions.
enum Uses : std::uint8_t { uses_varargs = 1, uses_kwargs = 2, uses_caller = 4 };

/// A parsed template.
class Tree {
 private:
  std::deque<Node> nodes_;
  std::map<std::string, std::uint32_t, std::less<>> numbers_;
  std::vector<std::string_view> names_;  // views of the keys of numbers_

 public:
  std::uint32_t number_of(std::string_view name) {
    const auto [found, added] = numbers_.emplace(name, static_cast<std::uint32_t>(names_.size()));
    if (added) names_.push_back(found->first);
    return found->second;
  }

  /// The names of variables, by number.
  const std::vector<std::string_view>& names() const { return names_; }

  Node& add(Node node) { return nodes_.emplace_back(std::move(node)); }

  const std::deque<Node>& nodes() const { return nodes_; }
  std::deque<Node>& nodes() { return nodes_; }

  const Node* root = nullptr;
  std::map<std::string, const Node*, std::less<>> blocks;  // by name

  // The variables that loops, macros and blocks have.
  std::uint32_t loop_name = number_of("loop"), caller_name = number_of("caller"),
                kwargs_name = number_of("kwargs"), varargs_name = number_of("varargs"),
                self_name = number_of("self");
};

}  // namespace moe::inline MOE_ABI::detail::jinja
