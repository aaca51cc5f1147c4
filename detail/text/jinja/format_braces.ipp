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
        const std::size_t end = field_end(rest);
        out += field(rest.substr(1, end - 1));
        rest.remove_prefix(end + 1);
      }
    }
    return out;
  }

 private:
  /// The offset of the } that ends the field with which the text begins.
  std::size_t field_end(std::string_view text) {
    std::size_t open = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '{') ++open;
      if (text[at] == '}' && --open == 0) return at;
    }
    memory_.fail("expected '}' before end of string");
  }

  std::string field(std::string_view text) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    std::string_view name = text.substr(0, colon);
    if (name.find('{') != name.npos) memory_.fail("unexpected '{' in field name");
    char conversion = '\0';
    if (name.size() >= 2 && name[name.size() - 2] == '!') {
      conversion = name.back();
      name.remove_suffix(2);
    }
    Value value = resolve(name);
    if (conversion == 'r' || conversion == 'a') {
      std::string repr;
      append_repr(memory_, repr, value);
      value = memory_.text(conversion == 'a' ? ascii(repr) : std::move(repr));
    } else if (conversion == 's') {
      value = memory_.text(to_text(memory_, value));
    } else if (conversion != '\0') {
      memory_.fail(concat("Unknown conversion specifier '", conversion, "'"));
    }
    const std::string spec = nested(text.substr(std::min(text.size(), colon + 1)));
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

  Value resolve(std::string_view name) {
    const std::size_t end = std::min(name.find_first_of(".["), name.size());
    Value value = first(name.substr(0, end));
    for (name.remove_prefix(end); !name.empty();) {
      const bool element = name[0] == '[';
      const std::size_t size = element ? name.find(']') : std::min(name.find_first_of(".[", 1), name.size());
      if (size == name.npos) memory_.fail("Missing ']' in format string");
      const std::string_view part = name.substr(1, size - 1);
      std::int64_t index = 0;
      const bool number = std::from_chars(part.data(), part.data() + part.size(), index).ec == std::errc();
      value = !element ? get_attribute(memory_, value, part)
              : number ? get_item(memory_, value, Value::of_integer(index))
                       : get_item(memory_, value, Value::of_text(part));
      name.remove_prefix(std::min(name.size(), size + (element ? 1 : 0)));
    }
    return value;
  }

  Value first(std::string_view name) {
    std::size_t index = 0;
    const bool number = std::from_chars(name.data(), name.data() + name.size(), index).ec == std::errc();
    if (name.empty()) index = next_++;
    (name.empty() ? automatic_ : manual_) |= name.empty() || number;
    if (automatic_ && manual_)
      memory_.fail(concat("cannot switch from ",
                          name.empty() ? "manual field specification to automatic field numbering"
                                       : "automatic field numbering to manual field specification"));
    if (name.empty() || number) {
      if (index >= arguments_.positional.size()) memory_.fail("tuple index out of range");
      return arguments_.positional[index];
    }
    for (const auto& [own, value] : arguments_.named)
      if (own == name) return value;
    memory_.fail(repr_text(name));
  }

  /// Reads a format specification. A 0 before the width sets the fill, if no fill is given. If no alignment is given either,
  /// the zeros of a number stand between its sign and its digits.
  FormatSpec read_spec(std::string_view text, bool is_number) {
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
    const auto number = [&] {
      std::size_t value = 0;
      for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1))
        value = std::min<std::size_t>(10 * value + static_cast<std::size_t>(text[0] - '0'), most_width);
      return value;
    };
    if (take('+')) {
      spec.sign = '+';
    } else if (take(' ')) {
      spec.sign = ' ';
    } else {
      take('-');
    }
    spec.alternate = take('#');
    if (!has_fill && take('0')) {
      spec.fill = "0";
      if (spec.align == '\0' && is_number) spec.align = '=';
    }
    spec.width = number();
    spec.group = take(',') ? ',' : take('_') ? '_' : '\0';
    if (spec.group != '\0' && (take(',') || take('_'))) memory_.fail("Cannot specify both ',' and '_'.");
    if (take('.')) spec.precision = number();
    if (!text.empty()) spec.type = text[0];
    if (text.size() > 1) memory_.fail("Invalid format specifier");
    return spec;
  }

  std::string write(const Value& value, std::string_view text) {
    if (text.empty()) return to_text(memory_, value);
    FormatSpec spec = read_spec(text, value.is_number());
    memory_.take(spec.width);
    const auto type_in = [&](std::string_view types) {
      return spec.type == '\0' || types.find(spec.type) != types.npos;
    };
    const auto refuse_type = [&] {
      memory_.fail(
          concat("Unknown format code '", spec.type, "' for object of type '", type_name(value), '\''));
    };
    const bool real_type = spec.type != '\0' && type_in("eEfFgG%");
    if (value.is_number() && (value.kind == Kind::real || real_type)) {
      if (!type_in("eEfFgGn%")) refuse_type();
      return format_real(finite_real(memory_, value), spec);
    }
    if (value.is_number()) {
      if (!type_in("bcdnoxX")) refuse_type();
      if (spec.precision != SIZE_MAX) memory_.fail("Precision not allowed in integer format specifier");
      if (spec.type == 'c') return write_character(value, spec);
      return format_integer(memory_, value, spec);
    }
    if (!value.is_string())
      memory_.fail(concat("unsupported format string passed to ", type_name(value), ".__format__"));
    if (!type_in("s")) refuse_type();
    if (spec.group != '\0') memory_.fail(concat("Cannot specify '", spec.group, "' with 's'."));
    if (spec.sign != '-') memory_.fail("Sign not allowed in string format specifier");
    if (spec.alternate) memory_.fail("Alternate form (#) not allowed in string format specifier");
    if (spec.align == '=') memory_.fail("'=' alignment not allowed in string format specifier");
    std::string out(value.text());
    if (spec.precision != SIZE_MAX) {
      const std::vector<std::size_t> offsets = offsets_of(memory_, out);
      out.resize(offsets[std::min(spec.precision, offsets.size() - 1)]);
    }
    return aligned(std::move(out), 0, spec, '<');
  }

  /// The format `c`: the character of a code point.
  std::string write_character(const Value& value, const FormatSpec& spec) {
    if (spec.group != '\0') memory_.fail(concat("Cannot specify '", spec.group, "' with 'c'."));
    if (spec.sign != '-') memory_.fail("Sign not allowed with integer format specifier 'c'");
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
