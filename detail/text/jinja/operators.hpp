// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "memory.hpp"
#include "value.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

// The operators of Python on values. An operation that Python refuses fails with Python's message. Using an undefined value
// fails, except where Jinja allows the use: printing, iterating, testing and comparing for equality.

/// type(value).__name__
std::string_view type_name(const Value& value);

/// The type in messages about missing attributes: 'dict object'.
std::string object_name(const Value& value);

/// The number as an f64; infinite if it is too large.
double as_real(const Value& value);

/// Throws if a whole number has more digits than Python reads.
void require_few_digits(Memory& memory, std::size_t digits);

/// Counts the steps of reading the digits of a number beyond 64 bits. Other numbers take no steps.
void work_on_number(Memory& memory, const Value& number);

/// The whole number with these decimal digits, which may have a minus sign in front, but no leading zeros.
Value whole_of_digits(Memory& memory, std::string digits);

/// int(number) of a finite number.
Value whole_of_real(Memory& memory, double number);

/// Fails with the reason why the value is undefined.
[[noreturn]] void fail_undefined(Memory& memory, const Value& value);

/// Fails if the value is undefined.
void require_defined(Memory& memory, const Value& value);

bool is_true(const Value& value);

/// str(value)
std::string to_text(Memory& memory, const Value& value);
void append_text(Memory& memory, std::string& out, const Value& value);

/// repr(value)
void append_repr(Memory& memory, std::string& out, const Value& value);

/// a == b
bool equal(Memory& memory, const Value& a, const Value& b);

/// a < b, a > b, a <= b or a >= b, as `sign` says.
bool compare(Memory& memory, const Value& a, std::string_view sign, const Value& b);

/// a < b
inline bool less(Memory& memory, const Value& a, const Value& b) { return compare(memory, a, "<", b); }

/// item in container
bool contains(Memory& memory, const Value& container, const Value& item);

/// An order of hashable values. Two values are equivalent if they are the same key of Python's dicts; all NaN are
/// equivalent.
bool key_less(const Value& a, const Value& b);

/// Fails if the value cannot be a key.
void require_hashable(Memory& memory, const Value& value);

/// The value of a key in a dict or a namespace; null if the key is missing. Counts the steps of comparing long keys.
const Value* find_key(Memory& memory, const Value& dict, const Value& key);
const Value* find_key(Memory& memory, const Value& dict, std::string_view key);

/// A dict. Among members with equal keys, the last value counts, at the place of the first member. Fails if a key is not
/// hashable.
Value make_dict(Memory& memory, std::vector<std::pair<Value, Value>> items);

/// A namespace. Templates find only the members whose keys are strings.
Value make_name_space(Memory& memory, std::vector<std::pair<Value, Value>> items);

/// The result of code_point_offsets(). Throws if the memory that is left has no room for the result.
std::vector<std::size_t> offsets_of(Memory& memory, std::string_view text);

/// Spaces; none if `count` is negative. Throws if the memory that is left has no room for them.
std::string spaces(Memory& memory, std::int64_t count);

/// The elements that a loop over the value sees.
std::vector<Value> iterate(Memory& memory, const Value& value);

/// A range. The elements are not stored, but computed when they are read.
Value range_value(Memory& memory, const Range& range);

/// The name of the type of groups, which the filter groupby makes.
inline constexpr std::string_view group_type = "_GroupTuple";

/// len(value)
std::size_t length(Memory& memory, const Value& value);

Value add(Memory& memory, const Value& a, const Value& b);
Value subtract(Memory& memory, const Value& a, const Value& b);
Value multiply(Memory& memory, const Value& a, const Value& b);
Value divide(Memory& memory, const Value& a, const Value& b);
Value floor_divide(Memory& memory, const Value& a, const Value& b);
Value modulo(Memory& memory, const Value& a, const Value& b);
Value power(Memory& memory, const Value& a, const Value& b);
Value negate(Memory& memory, const Value& value);

/// The operator ~ on all parts. The result is no Markup, since transformers does not turn autoescape on.
Value concatenate(Memory& memory, const std::vector<Value>& parts);

/// object.name and object[key], as Jinja's sandbox resolves them; undefined if there is no such attribute.
Value get_attribute(Memory& memory, const Value& object, std::string_view name);
Value get_item(Memory& memory, const Value& object, const Value& key);

/// Whether object.name is a method that templates may call.
bool calls_method(const Value& object, std::string_view name);

/// object[first:last:step]; a part that the template leaves out is none.
Value get_slice(Memory& memory, const Value& object, const Value& first, const Value& last,
                const Value& step);

/// The text with & < > ' " as entities, unless the text is a Markup.
std::string escape(const Value& text);

/// str(value) with entities, as a Markup.
Value escaped(Memory& memory, const Value& value);

}  // namespace moe::inline MOE_ABI::detail::jinja

#if MOE_DEFINITIONS
#include "arithmetic.ipp"
#include "attributes.ipp"
#include "operators.ipp"
#endif
