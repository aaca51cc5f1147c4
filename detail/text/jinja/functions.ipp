// SPDX-License-Identifier: MIT
#pragma once
#include "functions.hpp"
#include "../../core/concat.hpp"
#include "interpreter.hpp"
#include "operators.hpp"
#include "python_text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

inline constexpr std::string_view functions[] = {
    "namespace", "dict", "range", "joiner", "cycler", "raise_exception", "strftime_now"};

MOE_INLINE bool is_function(std::string_view name) {
  return std::find(std::begin(functions), std::end(functions), name) != std::end(functions);
}

/// The members of dict(...) and namespace(...): the members of a dict, or the pairs of a sequence, then the named arguments.
inline std::vector<std::pair<Value, Value>> members_of(Memory& memory, const Arguments& arguments) {
  std::vector<std::pair<Value, Value>> members;
  if (arguments.positional.size() > 1)
    memory.fail(concat("dict expected at most 1 argument, got ", arguments.positional.size()));
  if (!arguments.positional.empty()) {
    const Value& first = arguments.positional[0];
    if (first.is_dict()) {
      members = first.dict->items;
    } else {
      for (const Value& pair : iterate(memory, first)) {
        const std::string element = concat("dictionary update sequence element #", members.size());
        if (!pair.is_string() && !pair.is_dict() && !pair.has_list())
          memory.fail(concat("cannot convert ", element, " to a sequence"));
        const std::vector<Value> two = iterate(memory, pair);
        if (two.size() != 2) memory.fail(concat(element, " has length ", two.size(), "; 2 is required"));
        members.emplace_back(two[0], two[1]);
      }
    }
  }
  for (const auto& [name, value] : arguments.named) members.emplace_back(Value::of_text(name), value);
  return members;
}

inline Value range_of(Memory& memory, const Arguments& arguments) {
  const std::size_t count = arguments.positional.size();
  if (!arguments.named.empty()) memory.fail("range() takes no keyword arguments");
  if (count == 0 || count > 3) memory.fail(concat("range expected 1 to 3 arguments, got ", count));
  for (const Value& value : arguments.positional)
    if (!value.is_integral())
      memory.fail(concat('\'', type_name(value), "' object cannot be interpreted as an integer"));
  const std::int64_t first = count == 1 ? 0 : arguments.positional[0].whole();
  const std::int64_t last = arguments.positional[count == 1 ? 0 : 1].whole();
  const std::int64_t step = count == 3 ? arguments.positional[2].whole() : 1;
  if (step == 0) memory.fail("range() arg 3 must not be zero");
  constexpr std::size_t most = 100'000;  // as in Jinja's sandbox
  const std::uint64_t distance = step > 0
                                     ? static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first)
                                     : static_cast<std::uint64_t>(first) - static_cast<std::uint64_t>(last);
  const std::uint64_t stride =
      step > 0 ? static_cast<std::uint64_t>(step) : 0 - static_cast<std::uint64_t>(step);
  const std::uint64_t size = (step > 0 ? first < last : first > last) ? (distance - 1) / stride + 1 : 0;
  if (size > most)
    memory.fail(concat("Range too big. The sandbox blocks ranges larger than MAX_RANGE (", most, ")."));
  return range_value(memory, {first, last, step, static_cast<std::size_t>(size)});
}

MOE_INLINE Value call_function(Interpreter& interpreter, std::string_view name, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  if (name == "namespace") return make_name_space(memory, members_of(memory, arguments));
  if (name == "dict") return make_dict(memory, members_of(memory, arguments));
  if (name == "range") return range_of(memory, arguments);
  if (name == "joiner") {
    const Value separator = arguments.bind(memory, "joiner", 0, {"sep"})[0];
    return memory.callable({.type = Callable::Type::joiner,
                            .name = "joiner",
                            .items = {separator.is_undefined() ? Value::of_text(", ") : separator}});
  }
  if (name == "cycler") {
    if (arguments.positional.empty()) memory.fail("at least one item has to be provided");
    return memory.callable({.type = Callable::Type::cycler, .name = "cycler", .items = arguments.positional});
  }
  if (name == "raise_exception") {
    const Value message = arguments.bind(memory, "raise_exception", 1, {"message"})[0];
    memory.fail(to_text(memory, message));
  }
  const Value format = arguments.bind(memory, "strftime_now", 1, {"format"})[0];
  if (!format.is_string()) memory.fail(concat("strftime() argument 1 must be str, not ", type_name(format)));
  return memory.text(format_time(memory, interpreter.now(), format.text()));
}

// ---- Time

inline bool is_leap_year(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

/// The day of the year: 0 is the first of January.
inline int day_of_year(const LocalTime& time) {
  constexpr int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  return before[(time.month - 1) % 12] + time.day - 1 + (time.month > 2 && is_leap_year(time.year) ? 1 : 0);
}

/// The day of the week: 0 is Sunday. Source: Sakamoto's algorithm.
inline int day_of_week(const LocalTime& time) {
  constexpr int shift[] = {0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4};
  const int year = time.year - (time.month < 3 ? 1 : 0);
  return (year + year / 4 - year / 100 + year / 400 + shift[(time.month - 1) % 12] + time.day) % 7;
}

inline std::string padded(int number, std::size_t width, char fill) {
  std::string digits = std::to_string(number);
  if (digits.size() < width) digits.insert(0, width - digits.size(), fill);
  return digits;
}

/// The number of the week in the year. Weeks begin with Sunday (`first_day` 0) or with Monday (1).
inline int week_of_year(const LocalTime& time, int first_day) {
  return (day_of_year(time) + 7 - (day_of_week(time) + 7 - first_day) % 7) / 7;
}

struct IsoWeek {
  int year, week;
};

/// The week of ISO 8601: weeks begin with Monday, and the first week of a year contains the first Thursday of the year.
inline IsoWeek iso_week(const LocalTime& time) {
  const int from_monday = (day_of_week(time) + 6) % 7;
  const int thursday = day_of_year(time) - from_monday + 3;
  const int days = is_leap_year(time.year) ? 366 : 365, days_before = is_leap_year(time.year - 1) ? 366 : 365;
  if (thursday < 0) return {time.year - 1, (thursday + days_before) / 7 + 1};
  if (thursday >= days) return {time.year + 1, 1};
  return {time.year, thursday / 7 + 1};
}

inline std::string time_field(Memory& memory, const LocalTime& time, char field, char pad) {
  constexpr std::string_view days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
  constexpr std::string_view months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
  const std::string_view day = days[day_of_week(time)], month = months[(time.month - 1) % 12];
  const auto number = [&](int value, std::size_t width, char fill = '0') {
    return padded(value, pad == '-' ? 0 : width, pad == '_' ? ' ' : pad == '0' ? '0' : fill);
  };
  const int hour = time.hour % 12 == 0 ? 12 : time.hour % 12;
  switch (field) {
    case 'a': return std::string(day.substr(0, 3));
    case 'A': return std::string(day);
    case 'b':
    case 'h': return std::string(month.substr(0, 3));
    case 'B': return std::string(month);
    case 'c': return format_time(memory, time, "%a %b %e %H:%M:%S %Y");
    case 'C': return number(time.year / 100, 2);
    case 'd': return number(time.day, 2);
    case 'D':
    case 'x': return format_time(memory, time, "%m/%d/%y");
    case 'e': return number(time.day, 2, ' ');
    case 'f': return "000000";
    case 'g': return number(iso_week(time).year % 100, 2);
    case 'G': return number(iso_week(time).year, 1);
    case 'V': return number(iso_week(time).week, 2);
    case 'F': return format_time(memory, time, "%Y-%m-%d");
    case 'H': return number(time.hour, 2);
    case 'I': return number(hour, 2);
    case 'j': return number(day_of_year(time) + 1, 3);
    case 'k': return number(time.hour, 2, ' ');
    case 'l': return number(hour, 2, ' ');
    case 'm': return number(time.month, 2);
    case 'M': return number(time.minute, 2);
    case 'n': return "\n";
    case 'p': return time.hour < 12 ? "AM" : "PM";
    case 'P': return time.hour < 12 ? "am" : "pm";
    case 'r': return format_time(memory, time, "%I:%M:%S %p");
    case 'R': return format_time(memory, time, "%H:%M");
    case 'S': return number(time.second, 2);
    case 't': return "\t";
    case 'T':
    case 'X': return format_time(memory, time, "%H:%M:%S");
    case 'u': return number(day_of_week(time) == 0 ? 7 : day_of_week(time), 1);
    case 'U': return number(week_of_year(time, 0), 2);
    case 'w': return number(day_of_week(time), 1);
    case 'W': return number(week_of_year(time, 1), 2);
    case 'y': return number(time.year % 100, 2);
    case 'Y': return number(time.year, 1);
    case 'z':
    case 'Z': return "";  // the time has no zone
    case '%': return "%";
    case 's': memory.fail("strftime: the field %s is not supported");
    default: return concat('%', field);  // as in the GNU C library
  }
}

MOE_INLINE std::string format_time(Memory& memory, const LocalTime& time, std::string_view format) {
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      out += format[i];
      continue;
    }
    char pad = '\0', field = format[++i];
    if (std::string_view("-_0^#").find(field) != std::string_view::npos && i + 1 < format.size()) {
      pad = field;
      field = format[++i];
    }
    const std::string text = time_field(memory, time, field, pad);
    out += pad == '^' ? upper(text) : pad == '#' ? (field == 'p' ? lower(text) : upper(text)) : text;
    memory.take(32);
  }
  return out;
}

}  // namespace moe::inline MOE_ABI::detail::jinja
