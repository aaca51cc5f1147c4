// SPDX-License-Identifier: MIT
#pragma once
#include "format.hpp"
#include "../../core/concat.hpp"
#include "../../core/utf8.hpp"
#include "format.ipp"
#include "operators.hpp"
#include "python_text.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

/// Replaces each field { } of a format string by an argument.
class BraceFormatter {
 public:
  BraceFormatter(Memory& memory, const Arguments& arguments, bool escapes)
      : memory_(memory), arguments_(arguments), escapes_(escapes) {}

  std::string run(std::string_view rest) {
    std::string out;
    while (!rest.empty()) {
      const std::size_t brace = std::min(rest.find_first_of("{}"), rest.size());
      out += rest.substr(0, brace);
      rest.remove_prefix(brace);
      if (rest.empty()) break;
      memory_.work(1);
      if (rest.size() > 1 && rest[1] == rest[0]) {
        out += rest[0];
        rest.remove_prefix(2);
      } else if (rest[0] == '}' || rest.size() == 1) {
        memory_.fail(concat("Single '", rest[0], "' encountered in format string"));
      } else {
        rest.remove_prefix(1);
        const std::string text = field(take_parts(rest));
        memory_.require_room(out.size() + text.size());
        out += text;
      }
    }
    return out;
  }

 private:
  /// A field {name!conversion:spec}. An absent conversion is empty.
  struct Parts {
    std::string_view name, conversion, spec;
  };

  /// Takes a field from the start of `rest`: the text after {, up to and with }. In the name, the text between [ and ] may have
  /// any character but ].
  Parts take_parts(std::string_view& rest) {
    std::size_t at = 0;
    while (at < rest.size() && std::string_view("}:!").find(rest[at]) == std::string_view::npos) {
      if (rest[at] == '{') memory_.fail("unexpected '{' in field name");
      at = rest[at] == '[' ? std::min(rest.find(']', at), rest.size()) : at + 1;
    }
    if (at == rest.size()) memory_.fail("expected '}' before end of string");
    Parts parts{.name = rest.substr(0, at), .conversion = {}, .spec = {}};
    rest.remove_prefix(at);
    if (rest[0] == '!') {
      rest.remove_prefix(1);
      if (rest.empty()) memory_.fail("end of string while looking for conversion specifier");
      parts.conversion = rest.substr(0, utf8_step(rest).bytes);
      rest.remove_prefix(parts.conversion.size());
      if (rest.empty()) memory_.fail("unmatched '{' in format spec");
      if (rest[0] != '}' && rest[0] != ':') memory_.fail("expected ':' after conversion specifier");
    }
    if (rest[0] == ':') {
      const std::size_t end = spec_end(rest);
      parts.spec = rest.substr(1, end - 1);
      rest.remove_prefix(end);
    }
    rest.remove_prefix(1);
    return parts;
  }

  /// The offset of the } that ends the field: `text` begins with the colon of the specification, in which braces are balanced.
  std::size_t spec_end(std::string_view text) {
    std::size_t open = 1;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '{') ++open;
      if (text[at] == '}' && --open == 0) return at;
    }
    memory_.fail("unmatched '{' in format spec");
  }

  std::string field(const Parts& parts) {
    Value value = resolve(parts.name);
    if (parts.conversion == "r" || parts.conversion == "a") {
      std::string repr;
      append_repr(memory_, repr, value);
      value = memory_.text(parts.conversion == "a" ? ascii(repr) : std::move(repr));
    } else if (parts.conversion == "s") {
      value = memory_.text(to_text(memory_, value));
    } else if (!parts.conversion.empty()) {
      memory_.fail(concat("Unknown conversion specifier ", parts.conversion));
    }
    const std::string spec = nested(parts.spec);
    if (!escapes_) return write(value, spec);
    if (value.markup && !spec.empty()) memory_.fail("Unsupported format specification for Markup.");
    return std::string(value.markup ? value.text()
                                    : escaped(memory_, Value::of_text(write(value, spec))).text());
  }

  /// The format specification of a field, with its fields replaced. Fields in these fields are refused, as in Python.
  std::string nested(std::string_view spec) {
    if (spec.find_first_of("{}") == spec.npos) return std::string(spec);
    if (std::exchange(nested_, true)) memory_.fail("Max string recursion exceeded");
    std::string text = run(spec);
    nested_ = false;
    return text;
  }

  /// The number that a name or the key of an element is, if the name has digits only.
  std::optional<std::int64_t> index_in(std::string_view name) {
    if (name.empty() || name.find_first_not_of("0123456789") != name.npos) return {};
    std::int64_t index = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), index).ec != std::errc())
      memory_.fail("Too many decimal digits in format string");
    return index;
  }

  /// The argument that a name such as `a`, `0.b` or `a[0].b` refers to.
  Value resolve(std::string_view name) {
    const std::size_t end = std::min(name.find_first_of(".["), name.size());
    Value value = first(name.substr(0, end));
    for (name.remove_prefix(end); !name.empty();) {
      const bool element = name[0] == '[';
      if (!element && name[0] != '.')
        memory_.fail("Only '.' or '[' may follow ']' in format field specifier");
      const std::size_t size = element ? name.find(']') : std::min(name.find_first_of(".[", 1), name.size());
      if (size == name.npos) memory_.fail("Missing ']' in format string");
      const std::string_view part = name.substr(1, size - 1);
      if (part.empty()) memory_.fail("Empty attribute in format string");
      const auto index = element ? index_in(part) : std::nullopt;
      value = !element ? get_attribute(memory_, value, part)
                       : get_item(memory_, value, index ? Value::of_integer(*index) : Value::of_text(part));
      name.remove_prefix(size + (element ? 1 : 0));
    }
    return value;
  }

  /// The argument with a name or a number, or the next one if the name is empty.
  Value first(std::string_view name) {
    const auto number = index_in(name);
    (name.empty() ? automatic_ : manual_) |= name.empty() || number;
    if (automatic_ && manual_)
      memory_.fail("cannot switch from manual field specification to automatic field numbering");
    if (name.empty() || number) {
      const std::uint64_t index = number ? static_cast<std::uint64_t>(*number) : next_++;
      if (index >= arguments_.positional.size()) memory_.fail("tuple index out of range");
      return arguments_.positional[static_cast<std::size_t>(index)];
    }
    for (const auto& [own, value] : arguments_.named)
      if (own == name) return value;
    memory_.fail(repr_text(name));
  }

  /// Reads a format specification of a value. A 0 before the width sets the fill, if no fill is given. If no alignment is given
  /// either, the zeros of a number stand between its sign and its digits.
  FormatSpec read_spec(std::string_view text, const Value& value) {
    const std::string_view whole = text;
    FormatSpec spec;
    bool has_fill = false;
    const auto is_align = [](char c) { return c == '<' || c == '>' || c == '^' || c == '='; };
    const std::size_t fill = text.empty() ? 0 : utf8_step(text).bytes;
    if (text.size() > fill && fill > 0 && is_align(text[fill])) {
      spec.fill = text.substr(0, fill);
      spec.align = text[fill];
      has_fill = true;
      text.remove_prefix(fill + 1);
    } else if (!text.empty() && is_align(text[0])) {
      spec.align = text[0];
      text.remove_prefix(1);
    }
    const auto take = [&](char c) {
      if (text.empty() || text[0] != c) return false;
      text.remove_prefix(1);
      return true;
    };
    spec.sign = take('+') ? '+' : take(' ') ? ' ' : take('-') ? '-' : '\0';
    spec.positive_zero = take('z');
    spec.alternate = take('#');
    if (!has_fill && take('0')) {
      spec.fill = "0";
      if (spec.align == '\0' && value.is_number()) spec.align = '=';
    }
    spec.width = take_number(memory_, text);
    spec.group = take(',') ? ',' : take('_') ? '_' : '\0';
    if ((spec.group == ',' && take('_')) || (spec.group == '_' && take(',')))
      memory_.fail("Cannot specify both ',' and '_'.");
    if (take('.')) {
      if (text.empty() || text[0] < '0' || text[0] > '9') memory_.fail("Format specifier missing precision");
      spec.precision = take_number(memory_, text);
    }
    read_type(text, whole, value, spec);
    return spec;
  }

  /// Reads the type, with which the specification `whole` ends.
  void read_type(std::string_view text, std::string_view whole, const Value& value, FormatSpec& spec) {
    const Utf8Step step = text.empty() ? Utf8Step{} : utf8_step(text);
    if (text.size() > step.bytes)
      memory_.fail(
          concat("Invalid format specifier '", whole, "' for object of type '", type_name(value), '\''));
    if (step.code_point >= 0x80) refuse_type(concat("\\x", digits_of(step.code_point, 16)), value);
    if (!text.empty()) spec.type = text[0];
    const char type = spec.type == '\0' && value.is_string() ? 's' : spec.type;
    const std::string_view types = spec.group == ',' ? "deEfFgG%" : "deEfFgG%boxX";
    if (spec.group != '\0' && type != '\0' && types.find(type) == types.npos)
      memory_.fail(concat("Cannot specify '", spec.group, "' with '", type, "'."));
  }

  [[noreturn]] void refuse_type(std::string_view type, const Value& value) {
    memory_.fail(concat("Unknown format code '", type, "' for object of type '", type_name(value), '\''));
  }

  std::string write(const Value& value, std::string_view text) {
    if (text.empty()) return to_text(memory_, value);
    if (!value.is_number() && !value.is_string())
      memory_.fail(concat("unsupported format string passed to ", type_name(value), ".__format__"));
    const FormatSpec spec = read_spec(text, value);
    memory_.take(spec.width);
    const auto type_in = [&](std::string_view types) {
      return spec.type == '\0' || types.find(spec.type) != types.npos;
    };
    const bool real_type = spec.type != '\0' && type_in("eEfFgG%");
    const bool real = value.kind == Kind::real || (value.is_number() && real_type);
    if (!type_in(value.is_string() ? "s" : real ? "eEfFgGn%" : "bcdnoxX"))
      refuse_type(std::string_view(&spec.type, 1), value);
    if (real) return format_real(memory_, finite_real(memory_, value), spec);
    return value.is_number() ? write_integer(value, spec) : write_text(value, spec);
  }

  std::string write_integer(const Value& value, const FormatSpec& spec) {
    if (spec.precision != SIZE_MAX) memory_.fail("Precision not allowed in integer format specifier");
    if (spec.positive_zero)
      memory_.fail("Negative zero coercion (z) not allowed in integer format specifier");
    return spec.type == 'c' ? write_character(value, spec) : format_integer(memory_, value, spec);
  }

  std::string write_text(const Value& value, const FormatSpec& spec) {
    if (spec.sign == ' ') memory_.fail("Space not allowed in string format specifier");
    if (spec.sign != '\0') memory_.fail("Sign not allowed in string format specifier");
    if (spec.positive_zero) memory_.fail("Negative zero coercion (z) not allowed in string format specifier");
    if (spec.alternate) memory_.fail("Alternate form (#) not allowed in string format specifier");
    if (spec.align == '=') memory_.fail("'=' alignment not allowed in string format specifier");
    return aligned(truncated(memory_, std::string(value.text()), spec), 0, spec, '<');
  }

  /// The format `c`: the character of a code point.
  std::string write_character(const Value& value, const FormatSpec& spec) {
    if (spec.sign != '\0') memory_.fail("Sign not allowed with integer format specifier 'c'");
    if (spec.alternate) memory_.fail("Alternate form (#) not allowed with integer format specifier 'c'");
    if (!value.is_integral()) memory_.fail("Python int too large to convert to C long");
    return aligned(character_of(memory_, value.whole()), 0, spec, '>');
  }

  Memory& memory_;
  const Arguments& arguments_;
  std::size_t next_ = 0;
  bool automatic_ = false, manual_ = false, nested_ = false, escapes_;
};

MOE_INLINE Value format_braces(Memory& memory, const Value& format, const Arguments& arguments) {
  Value out = memory.text(BraceFormatter(memory, arguments, format.markup).run(format.text()));
  out.markup = format.markup;
  return out;
}

}  // namespace moe::inline MOE_ABI::detail::jinja
