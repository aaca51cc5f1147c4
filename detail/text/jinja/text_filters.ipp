// SPDX-License-Identifier: MIT
#pragma once
#include "filters.hpp"
#include "../../core/concat.hpp"
#include "../../core/decimal.hpp"
#include "../../core/error.hpp"
#include "../../core/utf8.hpp"
#include "../unicode.hpp"
#include "format.hpp"
#include "functions.hpp"
#include "interpreter.hpp"
#include "json.hpp"
#include "operators.hpp"
#include "python_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

// Filters of texts and numbers. `filter_x` is named after the function `do_x` in filters.py of Jinja.

using Items = std::vector<Value>;

/// The text of a value, with its markup.
inline Value soft_text(Memory& memory, const Value& value) {
  const Value text = value.is_string() ? value : memory.text(to_text(memory, value));
  memory.work_on(text.text());
  return text;
}

inline Value with_markup(Value text, bool markup) {
  text.markup = markup;
  return text;
}

/// A generator of the items that `fill(items)` adds. As in Python, an error of `fill` is thrown only if the generator is read.
template <class Fill>
Value generator(Memory& memory, Fill fill) {
  Items items;
  std::exception_ptr error;
  try {
    fill(items);
  } catch (const Error&) {
    error = std::current_exception();
    memory.work(20'000);  // computing the line of an error reads the whole template
  }
  const Value made = memory.list(std::move(items), Kind::iterator, "generator");
  made.list->error = error;
  return made;
}

inline std::int64_t whole_argument(Memory& memory, const Value& value, std::int64_t otherwise) {
  if (value.is_undefined()) return otherwise;
  if (!value.is_integral())
    memory.fail(concat('\'', type_name(value), "' object cannot be interpreted as an integer"));
  return value.whole();
}

template <std::string (*f)(std::string_view)>
Value filter_text(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  arguments.bind(memory, "filter", 0, {});
  const Value text = soft_text(memory, value);
  memory.work(text.size / 2);  // a mapping of letters takes longer than other steps
  return with_markup(memory.text(f(text.text())), text.markup);
}

/// Jinja's title(): words begin after white space and after - ( { [ <.
inline std::string jinja_title(std::string_view text) {
  std::string out;
  bool inside = false;
  std::string word;
  const auto flush = [&] {
    const std::size_t first = word.empty() ? 0 : utf8_step(word).bytes;
    out += upper(std::string_view(word).substr(0, first)) + lower(std::string_view(word).substr(first));
    word.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character_at(text, at).bytes;
    const std::string_view c = text.substr(at, size);
    const bool border =
        is_python_space(utf8_step(c).code_point) || std::string_view("-({[<").find(c) != text.npos;
    if (border == inside) flush();
    inside = !border;
    if (border) {
      out += c;
    } else {
      word += c;
    }
    at += size;
  }
  flush();
  return out;
}

inline Value filter_string(Interpreter& interpreter, const Value& value, const Arguments&) {
  return soft_text(interpreter.memory(), value);
}

inline Value filter_trim(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Value characters = arguments.bind(memory, "trim", 0, {"chars"})[0];
  const Value text = soft_text(memory, value);
  const bool given = characters.is_string();
  if (!given && !characters.is_undefined() && !characters.is_none())
    memory.fail("strip arg must be None or str");
  if (given) memory.work_on(characters.text());
  return with_markup(Value::of_text(given ? strip(text.text(), Side::both, characters.text())
                                          : strip(text.text(), Side::both)),
                     text.markup);
}

inline Value filter_replace(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values = arguments.bind(memory, "replace", 2, {"old", "new", "count"});
  Arguments replaced;
  replaced.positional = {soft_text(memory, values[0]), soft_text(memory, values[1])};
  if (values[2].is_integral()) replaced.positional.push_back(values[2]);
  return call_method(interpreter, with_markup(soft_text(memory, value), false), "replace", replaced);
}

inline Value filter_indent(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values = arguments.bind(memory, "indent", 0, {"width", "first", "blank"});
  require_defined(memory, value);
  if (value.kind == Kind::list) memory.fail("'list' object has no attribute 'splitlines'");
  if (value.kind == Kind::tuple) memory.fail("can only concatenate tuple (not \"str\") to tuple");
  if (!value.is_string())
    memory.fail(concat("unsupported operand type(s) for +=: '", type_name(value), "' and 'str'"));
  const Value text = soft_text(memory, value);
  const std::string indent = values[0].is_string()
                                 ? std::string(values[0].text())
                                 : std::string(static_cast<std::size_t>(std::clamp<std::int64_t>(
                                                   whole_argument(memory, values[0], 4), 0, 1000)),
                                               ' ');
  const bool first = is_true(values[1]), blank = is_true(values[2]);
  std::string ended(text.text());
  ended += '\n';
  std::string out = first ? indent : "";
  std::size_t i = 0;
  for (const std::string_view line : split_lines(ended)) {
    memory.take(indent.size() + line.size());
    if (i > 0) out += '\n';
    if (i++ > 0 && (blank || !line.empty())) out += indent;
    out += line;
  }
  return with_markup(memory.text(std::move(out)), text.markup);
}

inline Value filter_center(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Value width = arguments.bind(interpreter.memory(), "center", 0, {"width"})[0];
  Arguments centered;
  centered.positional = {width.is_undefined() ? Value::of_integer(80) : width};
  return call_method(interpreter, soft_text(interpreter.memory(), value), "center", centered);
}

inline Value filter_truncate(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values = arguments.bind(memory, "truncate", 0, {"length", "killwords", "end", "leeway"});
  const auto bounded = [&](const Value& number, std::int64_t otherwise) {
    constexpr std::int64_t most = std::int64_t{1} << 40;
    return std::clamp(whole_argument(memory, number, otherwise), -most, most);
  };
  const std::int64_t length = bounded(values[0], 255), leeway = bounded(values[3], 5);
  if (!value.is_string() && static_cast<std::int64_t>(jinja::length(memory, value)) <= length + leeway)
    return value;
  if (!value.is_string()) {
    if (value.kind != Kind::list || !is_true(values[1]))
      memory.fail(concat('\'', type_name(value), "' object has no attribute 'rsplit'"));
    memory.fail("can only concatenate list (not \"str\") to list");
  }
  const Value text = soft_text(memory, value);
  const Value ending = values[2].is_string() ? values[2] : Value::of_text("...");
  const std::string_view end = ending.text();
  memory.work(text.size / 4);  // makes a list of all characters
  const std::vector<std::size_t> offsets = offsets_of(memory, text.text());
  const auto size = static_cast<std::int64_t>(offsets.size() - 1);
  const std::int64_t kept = length - static_cast<std::int64_t>(count_code_points(end));
  if (kept < 0)
    memory.fail(
        concat("expected length >= ", count_code_points(end), ", got ", static_cast<long long>(length)));
  if (size <= length + leeway) return text;
  std::string_view begin = text.text().substr(0, offsets[static_cast<std::size_t>(std::min(kept, size))]);
  if (!is_true(values[1])) begin = begin.substr(0, begin.rfind(' '));
  return add(memory, with_markup(memory.text(std::string(begin)), text.markup), ending);
}

inline Value filter_wordcount(Interpreter& interpreter, const Value& value, const Arguments&) {
  const std::string_view text = soft_text(interpreter.memory(), value).text();
  std::size_t words = 0;
  bool inside = false;
  for (std::size_t at = 0; at < text.size();) {
    const bool word = is_python_word(text, at);
    words += word && !inside;
    inside = word;
    at += character_at(text, at).bytes;
  }
  return Value::of_size(words);
}

inline Value filter_format(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  if (!arguments.positional.empty() && !arguments.named.empty())
    memory.fail("can't handle positional and keyword arguments at the same time");
  std::vector<std::pair<Value, Value>> members;
  for (const auto& [name, item] : arguments.named) members.emplace_back(Value::of_text(name), item);
  const Value values = members.empty() ? memory.list(arguments.positional, Kind::tuple, "tuple")
                                       : make_dict(memory, std::move(members));
  return format_percent(memory, soft_text(memory, value), values);
}

inline Value filter_escape(Interpreter& interpreter, const Value& value, const Arguments&) {
  Memory& memory = interpreter.memory();
  return with_markup(memory.text(escape(soft_text(memory, value))), true);
}
inline Value filter_forceescape(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  return filter_escape(interpreter, with_markup(soft_text(interpreter.memory(), value), false), arguments);
}
inline Value filter_safe(Interpreter& interpreter, const Value& value, const Arguments&) {
  return with_markup(soft_text(interpreter.memory(), value), true);
}

inline Value filter_tojson(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  return to_json_text(interpreter.memory(), value, arguments);
}

// ---- Numbers

inline Value filter_abs(Interpreter& interpreter, const Value& value, const Arguments&) {
  Memory& memory = interpreter.memory();
  if (!value.is_number()) memory.fail(concat("bad operand type for abs(): '", type_name(value), '\''));
  if (value.kind == Kind::real) return Value::of_real(std::fabs(value.real));
  return less(memory, value, Value::of_integer(0)) ? negate(memory, value)
                                                   : add(memory, Value::of_integer(0), value);
}

/// A whole number beyond 64 bits, with a minus sign or none; undefined if there are more digits than Python's int() reads.
inline Value large_integer(Memory& memory, std::string digits, std::int64_t base) {
  constexpr std::size_t most_digits = 4300;
  if (base != 10) memory.fail("whole numbers beyond 64 bits are supported in decimal only");
  const std::size_t begin = digits[0] == '-' ? 1 : 0;
  if (digits.size() - begin > most_digits) return {};
  digits.erase(begin, digits.find_first_not_of('0', begin) - begin);
  Value number = memory.text(std::move(digits));
  number.kind = Kind::big_integer;
  return number;
}

/// The text with each decimal digit of Unicode as a digit of ASCII.
inline std::string with_ascii_digits(std::string_view text) {
  return map_characters(text, [&](std::string& out, std::size_t at, char32_t c) {
    const auto digit = c < 0x80 ? std::nullopt : decimal_digit(c);
    if (digit) {
      out += static_cast<char>('0' + *digit);
    } else {
      out += text.substr(at, utf8_step(text.substr(at)).bytes);
    }
  });
}

/// int(text, base) of Python; undefined if the text is not such a number, or if Python refuses the base.
inline Value parse_integer(Memory& memory, std::string_view text, std::int64_t base) {
  if (base != 0 && (base < 2 || base > 36)) return {};
  const std::string ascii = with_ascii_digits(strip(text, Side::both));
  text = ascii;
  std::string digits;
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const char letter = text.size() > 1 ? static_cast<char>(text[1] | 0x20) : '\0';
  const int prefixed = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
  if (text.starts_with('0') && prefixed != 0 && (base == prefixed || base == 0)) {
    text.remove_prefix(2);
    base = prefixed;
  }
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] != '_' || i == 0 || i + 1 == text.size() || text[i - 1] == '_') digits += text[i];
  std::int64_t number = 0;
  if (negative) digits.insert(0, 1, '-');
  const char* const end = digits.data() + digits.size();
  if (base == 0) base = 10;
  const auto result = std::from_chars(digits.data(), end, number, static_cast<int>(base));
  const bool large = result.ec == std::errc::result_out_of_range;
  if (digits.empty() || (result.ec != std::errc() && !large) || result.ptr != end || digits.starts_with("--"))
    return {};
  return large ? large_integer(memory, std::move(digits), base) : Value::of_integer(number);
}

/// float(text) of Python; undefined if the text is not a number.
inline Value parse_real(std::string_view text) {
  const std::string ascii = with_ascii_digits(strip(text, Side::both));
  const auto is_digit = [&](std::size_t i) { return i < ascii.size() && ascii[i] >= '0' && ascii[i] <= '9'; };
  std::string plain;
  for (std::size_t i = 0; i < ascii.size(); ++i)
    if (ascii[i] != '_' || i == 0 || !is_digit(i - 1) || !is_digit(i + 1)) plain += ascii[i];
  text = plain;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const std::string lower_text = lower(text);
  const double sign = negative ? -1 : 1;
  if (lower_text == "inf" || lower_text == "infinity") return Value::of_real(sign * HUGE_VAL);
  if (lower_text == "nan") return Value::of_real(std::nan(""));
  std::size_t digits = 0, points = 0, at = 0;
  for (; at < text.size() && ((text[at] >= '0' && text[at] <= '9') || text[at] == '.'); ++at)
    text[at] == '.' ? ++points : ++digits;
  if (digits == 0 || points > 1) return {};
  if (at < text.size() && (text[at] | 0x20) == 'e') {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    const std::size_t begin = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    if (at == begin) return {};
  }
  if (at != text.size()) return {};
  std::string clean(text);  // with a digit before the point
  if (clean.starts_with('.')) clean.insert(0, 1, '0');
  return Value::of_real(sign * parse_double(clean).value_or(HUGE_VAL));
}

inline Value filter_int(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values = arguments.bind(memory, "int", 0, {"default", "base"});
  const Value otherwise = values[0].is_undefined() ? Value::of_integer(0) : values[0];
  if (value.is_undefined()) fail_undefined(memory, value);
  Value number = value;
  if (value.is_string()) {
    memory.work_on(value.text());
    const Value& base = values[1];
    const bool whole_base = base.is_undefined() || base.is_integral();  // int() refuses any other base
    const Value whole =
        whole_base ? parse_integer(memory, value.text(), whole_argument(memory, base, 10)) : Value();
    if (!whole.is_undefined()) return whole;
    number = parse_real(value.text());
  }
  if (number.is_integral()) return Value::of_integer(number.whole());
  if (number.kind == Kind::big_integer) return number;
  if (number.kind != Kind::real || !std::isfinite(number.real)) return otherwise;
  if (std::fabs(number.real) < 9.2e18) return Value::of_integer(static_cast<std::int64_t>(number.real));
  char digits[320];
  const auto end =
      std::to_chars(digits, digits + sizeof digits, number.real, std::chars_format::fixed, 0).ptr;
  Value whole = memory.text(std::string(digits, end));
  whole.kind = Kind::big_integer;
  return whole;
}

inline Value filter_float(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Value otherwise = arguments.bind(interpreter.memory(), "float", 0, {"default"})[0];
  if (value.is_undefined()) fail_undefined(interpreter.memory(), value);
  if (value.is_string()) interpreter.memory().work_on(value.text());
  const Value number = value.is_string() ? parse_real(value.text()) : value;
  if (number.kind == Kind::real) return number;
  if (number.is_number()) return add(interpreter.memory(), Value::of_real(0), number);
  return otherwise.is_undefined() ? Value::of_real(0) : otherwise;
}

/// round(number, precision) of Python, which rounds the exact value, and halves to even.
inline Value rounded(const Value& value, double number, std::int64_t precision) {
  if (value.is_integral() && precision >= 0) return Value::of_integer(value.whole());
  if (precision < 0) {
    const double scale = std::pow(10.0, static_cast<double>(-precision));
    const double result = std::nearbyint(number / scale) * scale;
    const bool whole = value.is_integral() && std::fabs(result) < 9.2e18;
    return whole ? Value::of_integer(static_cast<std::int64_t>(result)) : Value::of_real(result);
  }
  char buffer[700];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::fixed,
                                 static_cast<int>(precision))
                       .ptr;
  return Value::of_real(parse_double({buffer, static_cast<std::size_t>(end - buffer)}).value_or(number));
}

inline Value filter_round(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values = arguments.bind(memory, "round", 0, {"precision", "method"});
  const std::string_view method = values[1].is_string() ? values[1].text() : "common";
  const bool common = method == "common", big = value.kind == Kind::big_integer;
  if (!common && method != "ceil" && method != "floor") memory.fail("method must be common, ceil or floor");
  if (!common) require_defined(memory, value);
  if (!value.is_number())
    memory.fail(common ? concat("type ", type_name(value), " doesn't define __round__ method")
                       : concat("must be real number, not ", type_name(value)));
  const std::int64_t precision = std::clamp<std::int64_t>(whole_argument(memory, values[0], 0), -300, 300);
  if (big && common && precision >= 0) return value;
  if (big && common) memory.fail("whole numbers beyond 64 bits are not supported in round");
  const double number = as_real(value);
  if (common) return rounded(value, number, precision);
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double whole = method == "ceil" ? std::ceil(number * scale) : std::floor(number * scale);
  return Value::of_real(whole / scale + 0.0);  // + 0.0: never -0.0, as Python rounds to an int
}

}  // namespace moe::inline MOE_ABI::detail::jinja
