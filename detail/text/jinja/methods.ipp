// SPDX-License-Identifier: MIT
#pragma once
#include "functions.hpp"
#include "../../core/concat.hpp"
#include "format.hpp"
#include "interpreter.hpp"
#include "operators.hpp"
#include "python_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

/// A list of parts of a text.
inline Value list_of(Memory& memory, const std::vector<std::string_view>& parts, bool markup = false,
                     Kind kind = Kind::list) {
  std::vector<Value> items;
  for (const std::string_view part : parts) {
    items.push_back(Value::of_text(part));
    items.back().markup = markup;
  }
  return memory.list(std::move(items), kind, kind == Kind::list ? "list" : "tuple");
}

/// Most built-in methods of Python take arguments by position only.
inline void refuse_names(Memory& memory, const Value& self, std::string_view name,
                         const Arguments& arguments) {
  if (!arguments.named.empty())
    memory.fail(concat(type_name(self), '.', name, "() takes no keyword arguments"));
}

/// Calls a method of str.
class TextMethod {
 public:
  TextMethod(Memory& memory, const Value& self, std::string_view name, const Arguments& arguments)
      : memory_(memory), self_(self), text_(self.text()), name_(name), arguments_(arguments) {
    memory.work_on(text_);
  }

  Value call() {
    constexpr std::string_view with_names[] = {"split", "rsplit", "splitlines", "expandtabs", "format"};
    if (!is_in(with_names, name_)) refuse_names(memory_, self_, name_, arguments_);
    Value value = result();
    if (value.is_string() && self_.markup) value.markup = true;
    return value;
  }

 private:
  Value result() {
    if (name_ == "upper") return plain(upper);
    if (name_ == "lower") return plain(lower);
    if (name_ == "casefold") {
      memory_.work_on(text_);  // goes through the text twice
      return plain(casefold);
    }
    if (name_ == "title") return plain(title);
    if (name_ == "capitalize") return plain(capitalize);
    if (name_ == "swapcase") return plain(swap_case);
    if (name_ == "strip") return stripped(Side::both);
    if (name_ == "lstrip") return stripped(Side::left);
    if (name_ == "rstrip") return stripped(Side::right);
    if (name_ == "split" || name_ == "rsplit") return split();
    if (name_ == "splitlines")
      return list_of(memory_, split_lines(text_, is_true(bind(0, {"keepends"})[0])), self_.markup);
    if (name_ == "join") return join();
    if (name_ == "replace") return replace();
    if (name_ == "startswith" || name_ == "endswith") return begins_or_ends();
    if (name_ == "partition" || name_ == "rpartition") return partition();
    if (name_ == "removeprefix" || name_ == "removesuffix") return without_affix();
    if (name_ == "zfill" || name_ == "ljust" || name_ == "rjust" || name_ == "center") return justified();
    if (name_ == "expandtabs") return expanded();
    if (name_ == "format") return format_braces(memory_, self_, arguments_);
    if (name_ == "format_map") return format_map();
    if (const auto result = is_of_class(text_, name_)) {
      bind(0, {});
      return Value::of_boolean(*result);
    }
    return position();  // find, rfind, index, rindex, count
  }

  std::vector<Value> bind(std::size_t required, std::initializer_list<std::string_view> parameters) {
    return arguments_.bind(memory_, name_, required, parameters);
  }

  /// The text of a string. `argument`: the name of the string in Python's error about other types.
  std::string_view string(const Value& value, std::string_view argument = "") {
    if (!value.is_string()) memory_.fail(concat(argument, "must be str, not ", type_name(value)));
    return value.text();
  }

  /// A number; `otherwise` if the value is undefined.
  std::int64_t number(const Value& value, std::int64_t otherwise) {
    if (value.is_undefined()) return otherwise;
    if (!value.is_integral())
      memory_.fail(concat('\'', type_name(value), "' object cannot be interpreted as an integer"));
    return value.whole();
  }

  void require_room_to_search(std::string_view needle) {
    memory_.require_room(bytes_of_search(text_, needle));
  }

  Value plain(std::string (*f)(std::string_view)) {
    bind(0, {});
    return memory_.text(f(text_));
  }

  Value stripped(Side side) {
    const Value characters = bind(0, {"chars"})[0];
    const bool given = !arguments_.positional.empty() && !characters.is_none();
    if (given && !characters.is_string()) memory_.fail(concat(name_, " arg must be None or str"));
    if (given) memory_.work_on(characters.text());
    return Value::of_text(given ? strip(text_, side, characters.text()) : strip(text_, side));
  }

  Value split() {
    const std::vector<Value> values = bind(0, {"sep", "maxsplit"});
    const std::int64_t most = number(values[1], -1);
    const std::size_t times = most < 0 ? SIZE_MAX : static_cast<std::size_t>(most);
    const bool from_right = name_ == "rsplit";
    const bool given = !arguments_.positional.empty() || !arguments_.named.empty();
    if (values[0].is_none() || (values[0].is_undefined() && (!given || !values[0].missing)))
      return list_of(memory_, split_words(text_, times, from_right), self_.markup);
    if (!values[0].is_string()) memory_.fail(concat("must be str or None, not ", type_name(values[0])));
    if (values[0].size == 0) memory_.fail("empty separator");
    require_room_to_search(values[0].text());
    return list_of(memory_, split_text(text_, values[0].text(), times, from_right), self_.markup);
  }

  Value join() {
    const Value items = bind(1, {"iterable"})[0];
    if (!items.is_string() && !items.is_dict() && !items.has_list() && !items.is_undefined())
      memory_.fail("can only join an iterable");
    std::string out;
    std::size_t i = 0;
    for (const Value& each : iterate(memory_, items)) {
      const Value item = self_.markup ? escaped(memory_, each) : each;
      if (!item.is_string())
        memory_.fail(concat("sequence item ", i, ": expected str instance, ", type_name(item), " found"));
      memory_.take(item.size + self_.size);
      if (i++ > 0) out += text_;
      out += item.text();
    }
    return memory_.text(std::move(out));
  }

  Value replace() {
    if (const std::size_t given = arguments_.positional.size(); given < 2 && arguments_.named.empty())
      memory_.fail(concat("replace expected at least 2 arguments, got ", given));
    const std::vector<Value> values = bind(2, {"old", "new", "count"});
    const Value with = self_.markup ? escaped(memory_, values[1]) : values[1];
    const std::string_view from = string(values[0], "replace() argument 1 "),
                           to = string(with, "replace() argument 2 ");
    const std::int64_t most = number(values[2], -1);
    const std::size_t times = most < 0 ? SIZE_MAX : static_cast<std::size_t>(most);
    memory_.require_room((text_.size() + 1) * (from.empty() ? sizeof(std::size_t) : 0));
    require_room_to_search(from);
    const std::size_t matches = std::min(count_text(text_, from), times);
    if (matches > 0 && to.size() > (std::size_t{1} << 30) / matches)
      memory_.fail("the template needs more than the allowed memory");
    memory_.take(matches * to.size());
    memory_.work(matches);
    return memory_.text(replace_text(text_, from, to, times));
  }

  /// The part of the text from code point `first` to `last`, as Python's slices; nothing if `first` is after `last`.
  std::optional<std::string_view> part(const Value& first, const Value& last) {
    if ((first.is_undefined() || first.is_none()) && (last.is_undefined() || last.is_none())) return text_;
    const std::vector<std::size_t> offsets = offsets_of(memory_, text_);
    const auto count = static_cast<std::int64_t>(offsets.size() - 1);
    const auto bound = [&](const Value& value, std::int64_t otherwise) {
      const std::int64_t at = value.is_none() ? otherwise : number(value, otherwise);
      return at < 0 ? std::max<std::int64_t>(0, at + count) : at;
    };
    const std::int64_t begin = bound(first, 0), end = std::min(bound(last, count), count);
    if (begin > end) return {};
    const std::size_t from = offsets[static_cast<std::size_t>(begin)];
    return text_.substr(from, offsets[static_cast<std::size_t>(end)] - from);
  }

  Value begins_or_ends() {
    const std::vector<Value> values = bind(1, {"prefix", "start", "end"});
    const bool begins = name_ == "startswith", several = values[0].kind == Kind::tuple;
    const std::vector<Value> affixes = several ? values[0].list->items : std::vector<Value>{values[0]};
    const std::optional<std::string_view> in = part(values[1], values[2]);
    for (const Value& affix : affixes) {
      if (!affix.is_string())
        memory_.fail(several
                         ? concat("tuple for ", name_, " must only contain str, not ", type_name(affix))
                         : concat(name_, " first arg must be str or a tuple of str, not ", type_name(affix)));
      if (in && (begins ? in->starts_with(affix.text()) : in->ends_with(affix.text())))
        return Value::of_boolean(true);
    }
    return Value::of_boolean(false);
  }

  Value partition() {
    const std::string_view separator = string(bind(1, {"sep"})[0]);
    if (separator.empty()) memory_.fail("empty separator");
    const bool from_right = name_ == "rpartition";
    require_room_to_search(separator);
    const std::size_t at = from_right ? find_last_text(text_, separator) : find_text(text_, separator);
    if (at == text_.npos && from_right) return list_of(memory_, {"", "", text_}, self_.markup, Kind::tuple);
    if (at == text_.npos) return list_of(memory_, {text_, "", ""}, self_.markup, Kind::tuple);
    return list_of(memory_, {text_.substr(0, at), separator, text_.substr(at + separator.size())},
                   self_.markup, Kind::tuple);
  }

  Value without_affix() {
    const bool prefix = name_ == "removeprefix";
    const std::string_view affix = string(bind(1, {"affix"})[0], concat(name_, "() argument "));
    std::string_view rest = text_;
    if (prefix && rest.starts_with(affix)) rest.remove_prefix(affix.size());
    if (!prefix && rest.ends_with(affix)) rest.remove_suffix(affix.size());
    return Value::of_text(rest);
  }

  Value justified() {
    const bool zeros = name_ == "zfill";
    const std::vector<Value> values = zeros ? bind(1, {"width"}) : bind(1, {"width", "fillchar"});
    const std::int64_t width = number(values[0], 0);
    const bool given = arguments_.positional.size() > 1;
    if (given && !values[1].is_string())
      memory_.fail(concat("The fill character must be a unicode character, not ", type_name(values[1])));
    const std::string_view fill = zeros ? "0" : given ? values[1].text() : " ";
    if (count_code_points(fill) != 1) memory_.fail("The fill character must be exactly one character long");
    const auto size = static_cast<std::int64_t>(count_code_points(text_));
    if (width <= size) return self_;
    if (width > 1'000'000) memory_.fail("the template needs more than the allowed memory");
    const auto missing = static_cast<std::size_t>(width - size);
    // As in Python, center() puts one more fill character on the left if the width and the number to fill are odd.
    const std::size_t half = missing / 2 + (missing & static_cast<std::size_t>(width) & 1);
    const std::size_t before = name_ == "ljust" ? 0 : name_ == "center" ? half : missing;
    const std::size_t sign = zeros && !text_.empty() && (text_[0] == '-' || text_[0] == '+') ? 1 : 0;
    std::string out(text_.substr(0, sign));
    append_repeated(out, fill, before);
    out += text_.substr(sign);
    append_repeated(out, fill, missing - before);
    return memory_.text(std::move(out));
  }

  Value expanded() {
    const std::int64_t width = std::clamp<std::int64_t>(number(bind(0, {"tabsize"})[0], 8), 0, INT32_MAX);
    std::string out;
    std::int64_t column = 0;
    for (const char c : text_) {
      if (c == '\t') {
        const std::int64_t spaces = width == 0 ? 0 : width - column % width;
        memory_.take(static_cast<std::size_t>(spaces));
        out.append(static_cast<std::size_t>(spaces), ' ');
        column += spaces;
      } else {
        out += c;
        column =
            c == '\n' || c == '\r' ? 0 : column + ((static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0);
      }
    }
    return memory_.text(std::move(out));
  }

  Value format_map() {
    const Value members = bind(1, {"mapping"})[0];
    if (!members.is_dict()) memory_.fail(concat("format_map() needs a dict, not ", type_name(members)));
    Arguments named;
    for (const auto& [key, value] : members.dict->items)
      if (key.is_string()) named.named.emplace_back(key.text(), value);
    return format_braces(memory_, self_, named);
  }

  Value position() {
    const std::vector<Value> values = bind(1, {"sub", "start", "end"});
    const std::string_view wanted = string(values[0]);
    const std::optional<std::string_view> in = part(values[1], values[2]);
    require_room_to_search(wanted);
    if (name_ == "count") return Value::of_size(in ? count_text(*in, wanted) : 0);
    const bool last = name_ == "rfind" || name_ == "rindex";
    const std::size_t at = !in ? text_.npos : last ? find_last_text(*in, wanted) : find_text(*in, wanted);
    if (at != text_.npos) {
      const auto offset = static_cast<std::size_t>(in->data() - text_.data()) + at;
      return Value::of_size(count_code_points(text_.substr(0, offset)));
    }
    if (name_ == "index" || name_ == "rindex") memory_.fail("substring not found");
    return Value::of_integer(-1);
  }

  Memory& memory_;
  const Value& self_;
  std::string_view text_, name_;
  const Arguments& arguments_;
};

inline Value call_dict_method(Memory& memory, const Value& self, std::string_view name,
                              const Arguments& arguments) {
  refuse_names(memory, self, name, arguments);
  if (name == "get") {
    const std::vector<Value> values = arguments.bind(memory, "get", 1, {"key", "default"});
    require_hashable(memory, values[0]);
    const Value* const member = find_key(memory, self, values[0]);
    const bool given = arguments.positional.size() + arguments.named.size() > 1;
    return member ? *member : given ? values[1] : Value::none();
  }
  arguments.bind(memory, name, 0, {});
  if (name == "copy") return make_dict(memory, self.dict->items);
  std::vector<Value> items;
  for (const auto& [key, value] : self.dict->items)
    items.push_back(name == "keys"     ? key
                    : name == "values" ? value
                                       : memory.list({key, value}, Kind::tuple, "tuple"));
  return memory.list(std::move(items), Kind::view,
                     name == "keys"     ? "dict_keys"
                     : name == "values" ? "dict_values"
                                        : "dict_items");
}

inline Value call_list_method(Memory& memory, const Value& self, std::string_view name,
                              const Arguments& arguments) {
  const std::vector<Value> elements = self.kind == Kind::range ? iterate(memory, self) : std::vector<Value>();
  const std::vector<Value>& items = self.kind == Kind::range ? elements : self.list->items;
  if (name == "copy") {
    arguments.bind(memory, name, 0, {});
    return memory.list(items);
  }
  refuse_names(memory, self, name, arguments);
  const bool bounded = name == "index" && self.kind != Kind::range;
  const std::vector<Value> values = bounded ? arguments.bind(memory, name, 1, {"value", "start", "stop"})
                                            : arguments.bind(memory, name, 1, {"value"});
  const Value& wanted = values[0];
  const auto is_wanted = [&](const Value& item) { return equal(memory, item, wanted); };
  if (name == "count")
    return Value::of_size(static_cast<std::size_t>(std::count_if(items.begin(), items.end(), is_wanted)));
  const auto bound = [&](std::size_t which, std::size_t otherwise) {
    if (values.size() <= which || which > arguments.positional.size() - 1)
      return static_cast<std::ptrdiff_t>(otherwise);
    if (!values[which].is_integral())
      memory.fail("slice indices must be integers or have an __index__ method");
    const auto count = static_cast<std::int64_t>(items.size());
    const std::int64_t at = values[which].whole();
    return static_cast<std::ptrdiff_t>(at < 0 ? std::max<std::int64_t>(0, std::max(at, -count) + count)
                                              : std::min(at, count));
  };
  const std::ptrdiff_t first = bound(1, 0), last = std::max(first, bound(2, items.size()));
  const auto end = items.begin() + last, place = std::find_if(items.begin() + first, end, is_wanted);
  const auto found = place == end ? items.end() : place;
  if (found != items.end()) return Value::of_size(static_cast<std::size_t>(found - items.begin()));
  if (self.kind == Kind::tuple) memory.fail("tuple.index(x): x not in tuple");
  std::string message;
  append_repr(memory, message, wanted);
  memory.fail(message + " is not in " + std::string(type_name(self)));
}

inline Value call_loop_method(Memory& memory, Loop& loop, std::string_view name, const Arguments& arguments) {
  if (!arguments.named.empty())
    memory.fail(concat("LoopContext.", name, "() got an unexpected keyword argument"));
  if (name == "cycle") {
    if (arguments.positional.empty()) memory.fail("no items for cycling given");
    return arguments.positional[loop.index % arguments.positional.size()];
  }
  const std::vector<Value>& now = arguments.positional;
  const bool same = loop.has_changed &&
                    std::equal(now.begin(), now.end(), loop.last_changed.begin(), loop.last_changed.end(),
                               [&](const Value& a, const Value& b) { return equal(memory, a, b); });
  loop.has_changed = true;
  memory.take(now.size() * sizeof(Value));
  loop.last_changed = now;
  return Value::of_boolean(!same);
}

MOE_INLINE Value call_method(Interpreter& interpreter, const Value& self, std::string_view name,
                             const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  switch (self.kind) {
    case Kind::string: return TextMethod(memory, self, name, arguments).call();
    case Kind::dict: return call_dict_method(memory, self, name, arguments);
    case Kind::loop: return call_loop_method(memory, *self.loop, name, arguments);
    case Kind::real:
      arguments.bind(memory, name, 0, {});
      return Value::of_boolean(std::floor(self.real) == self.real && !std::isinf(self.real));
    case Kind::callable: {
      arguments.bind(memory, name, 0, {});
      Callable& cycler = *self.callable;
      if (name == "reset") cycler.at = 0;
      if (name == "reset") return Value::none();
      return cycler.items[cycler.at++ % cycler.items.size()];
    }
    default: return call_list_method(memory, self, name, arguments);
  }
}

}  // namespace moe::inline MOE_ABI::detail::jinja
