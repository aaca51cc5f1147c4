// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

enum class Kind : std::uint8_t {
  undefined,
  none,
  boolean,
  integer,
  big_integer,  // a whole number beyond 64 bits, as decimal digits without leading zeros
  real,
  string,
  list,
  tuple,
  view,  // of a dict: its items, keys or values
  range,
  iterator,  // a generator of Python: a list that can be read once
  dict,
  name_space,
  callable,
  loop,
};

/// How many digits a whole number may have, as in Python.
inline constexpr std::size_t most_digits = 4300;

struct List;
struct Dict;
struct Missing;
struct Callable;
struct Loop;

/// A Python value of a kind that templates use. Cheap to copy: the Memory of a rendering owns the texts and the
/// containers to which values point.
struct Value {
  Kind kind = Kind::undefined;
  bool markup = false;   // of a string: a Markup, which escapes each text that is added
  std::size_t size = 0;  // of a string or a big_integer, in bytes
  union {
    const Missing* missing = nullptr;  // of undefined: the reason; may be null
    bool boolean;
    std::int64_t integer;
    double real;
    const char* data;  // string, big_integer
    List* list;        // list, tuple, view, range, iterator
    Dict* dict;        // dict, name_space
    Callable* callable;
    Loop* loop;
  };

  static Value none() { return of(Kind::none); }
  static Value of_boolean(bool boolean) {
    Value value = of(Kind::boolean);
    value.boolean = boolean;
    return value;
  }
  static Value of_integer(std::int64_t integer) {
    Value value = of(Kind::integer);
    value.integer = integer;
    return value;
  }
  static Value of_size(std::size_t size) { return of_integer(static_cast<std::int64_t>(size)); }
  static Value of_real(double real) {
    Value value = of(Kind::real);
    value.real = real;
    return value;
  }
  /// `text` must outlive the value.
  static Value of_text(std::string_view text, Kind kind = Kind::string) {
    Value value = of(kind);
    value.data = text.data();
    value.size = text.size();
    return value;
  }

  std::string_view text() const { return {data, size}; }

  bool is_undefined() const { return kind == Kind::undefined; }
  bool is_none() const { return kind == Kind::none; }
  bool is_string() const { return kind == Kind::string; }
  bool is_dict() const { return kind == Kind::dict; }
  /// An int of 64 bits, or a bool.
  bool is_integral() const { return kind == Kind::integer || kind == Kind::boolean; }
  bool is_number() const { return is_integral() || kind == Kind::real || kind == Kind::big_integer; }
  /// Has a List.
  bool has_list() const { return kind >= Kind::list && kind <= Kind::iterator; }

  /// The value of an int or a bool.
  std::int64_t whole() const { return kind == Kind::boolean ? boolean : integer; }

 private:
  static Value of(Kind kind) {
    Value value;
    value.kind = kind;
    return value;
  }
};

/// The arguments of range(first, last, step), and the number of its elements.
struct Range {
  std::int64_t first = 0, last = 0, step = 1;
  std::size_t count = 0;
};

/// The elements of a list and of the other kinds of has_list(). Templates cannot change the elements.
struct List {
  std::vector<Value> items;        // empty for a range, which computes its elements
  std::string_view name = "list";  // the type's name in Python
  bool read = false;               // of an iterator: whether it was read
  std::exception_ptr error = {};   // of an iterator: the error that reading all items throws
  Range range = {};                // of a range
};

/// The number of elements of a value that has a List.
inline std::size_t element_count(const Value& value) {
  return value.kind == Kind::range ? value.list->range.count : value.list->items.size();
}

/// An element of a value that has a List.
inline Value element_of(const Value& value, std::size_t index) {
  if (value.kind != Kind::range) return value.list->items[index];
  const Range& range = value.list->range;
  return Value::of_integer(static_cast<std::int64_t>(static_cast<std::uint64_t>(range.first) +
                                                     index * static_cast<std::uint64_t>(range.step)));
}

/// A dict, which keeps the order of its members; or a namespace, whose members may change.
struct Dict {
  std::vector<std::pair<Value, Value>> items;
  std::vector<std::uint32_t> order;  // of a dict: the indices of items, sorted by key
};

/// Why a value is undefined. Using the value fails with this message.
struct Missing {
  std::string message;
};

/// A function, a method, a macro, a cycler, a joiner or a block: a value that templates can call; or `self`, whose
/// attributes are the blocks.
struct Callable {
  enum class Type { function, method, macro, cycler, joiner, block, self };

  Type type;
  std::string_view name;        // in the template; empty for the macro of a {% call %}
  Value self = {};              // of a method: its object
  const void* macro = nullptr;  // of a macro or a block: its node
  void* scope = nullptr;        // of a macro: where it was defined
  // Of a cycler: its items; of a joiner: its separator; of a macro: the names of its parameters; of self: the blocks.
  std::vector<Value> items = {};
  std::size_t at = 0;  // of a cycler or a joiner: the number of calls, since reset() if there was one
};

/// The state of a loop, which templates see as `loop`.
struct Loop {
  Value items = {};  // has a List
  std::size_t index = 0;
  std::size_t depth = 0;       // 0 for a loop that no loop(...) of a recursive loop runs
  const void* node = nullptr;  // of a recursive loop: its node and scope
  void* scope = nullptr;
  std::vector<Value> last_changed = {};
  bool has_changed = false;
};

}  // namespace moe::inline MOE_ABI::detail::jinja
