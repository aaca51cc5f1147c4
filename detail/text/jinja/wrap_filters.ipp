// SPDX-License-Identifier: MIT
#pragma once
#include "filters.hpp"
#include "../../core/concat.hpp"
#include "../unicode.hpp"
#include "interpreter.hpp"
#include "operators.hpp"
#include "python_text.hpp"
#include "text_filters.ipp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

/// The filter wordwrap on one line of text. Source: the class TextWrapper of Python's module textwrap, and its documentation.
class LineWrapper {
 public:
  struct Options {
    std::int64_t width;
    bool break_long_words;
    bool split_at_hyphens;    // whether break_on_hyphens is True itself; other true values do not count
    bool break_after_hyphen;  // whether words longer than a line are broken after a hyphen
  };

  LineWrapper(Memory& memory, std::string_view text, const Options& options)
      : text_(text), options_(options), offsets_(offsets_of(memory, text)) {
    memory.work(text.size());
  }

  std::vector<std::string_view> run() {
    chunks_ = options_.split_at_hyphens ? hyphenated_chunks() : plain_chunks();
    std::vector<std::string_view> lines;
    while (next_ < chunks_.size()) {
      if (!lines.empty() && is_blank(chunks_[next_]) && ++next_ == chunks_.size()) break;
      const std::string_view line = next_line();
      if (!line.empty()) lines.push_back(line);
    }
    return lines;
  }

 private:
  /// The characters [begin, end) of the text.
  struct Chunk {
    std::size_t begin, end;
    std::size_t size() const { return end - begin; }
  };

  std::size_t count() const { return offsets_.size() - 1; }
  std::string_view part(std::size_t begin, std::size_t end) const {
    return text_.substr(offsets_[begin], offsets_[end] - offsets_[begin]);
  }
  bool is(std::size_t i, char c) const { return i < count() && text_[offsets_[i]] == c; }
  bool is_blank(const Chunk& chunk) const { return strip(part(chunk.begin, chunk.end), Side::both).empty(); }

  bool is_space(std::size_t i) const {
    return i < count() && std::string_view("\t\n\v\f\r ").find(text_[offsets_[i]]) != std::string_view::npos;
  }
  bool is_word(std::size_t i) const { return i < count() && is_python_word(text_, offsets_[i]); }
  /// A character of words that is no decimal digit.
  bool is_letter(std::size_t i) const {
    return is_word(i) && !decimal_digit(utf8_step(text_.substr(offsets_[i])).code_point);
  }
  /// A character that may stand before a dash.
  bool is_before_dash(std::size_t i) const {
    return is_word(i) ||
           (i < count() && std::string_view("!\"'&.,?").find(text_[offsets_[i]]) != std::string_view::npos);
  }

  /// The end of a dash of two or more hyphens between words; `begin` if no dash begins there.
  std::size_t dash_end(std::size_t begin) const {
    if (begin == 0 || !is(begin, '-') || !is_before_dash(begin - 1)) return begin;
    std::size_t end = begin;
    while (is(end, '-')) ++end;
    return end - begin >= 2 && is_word(end) ? end : begin;
  }

  /// Whether a word may be broken after the hyphen at `i`.
  bool breaks_after(std::size_t i) const {
    if (!is(i, '-') || i < 2) return false;
    const bool two_letters = is_letter(i - 2) && is_letter(i - 1);
    const bool hyphenated = i >= 3 && is_letter(i - 3) && is(i - 2, '-') && is_before_dash(i - 1);
    if (!two_letters && !hyphenated) return false;
    return is_letter(i + 1) && is_letter(is(i + 2, '-') ? i + 3 : i + 2);
  }

  std::size_t space_end(std::size_t i) const {
    while (is_space(i)) ++i;
    return i;
  }

  std::vector<Chunk> hyphenated_chunks() const {
    std::vector<Chunk> out;
    for (std::size_t begin = 0, end = 0; begin < count(); begin = end) {
      end = is_space(begin) ? space_end(begin) : dash_end(begin);
      if (end == begin) end = word_end(begin);
      out.push_back({begin, end});
    }
    return out;
  }

  std::size_t word_end(std::size_t begin) const {
    for (std::size_t i = begin + 1; i < count(); ++i) {
      if (breaks_after(i)) return i + 1;
      if (is_space(i) || dash_end(i) != i) return i;
    }
    return count();
  }

  std::vector<Chunk> plain_chunks() const {
    std::vector<Chunk> out;
    for (std::size_t begin = 0, end = 0; begin < count(); begin = end) {
      end = space_end(begin);
      while (end < count() && !is_space(end) && !is_space(begin)) ++end;
      out.push_back({begin, end});
    }
    return out;
  }

  /// Takes the chunks of the next line, which are consecutive in the text. Returns the line without a blank chunk at its end.
  std::string_view next_line() {
    const auto width = static_cast<std::size_t>(options_.width);
    const std::size_t begin = chunks_[next_].begin, first = next_;
    std::size_t end = begin, last_begin = begin;
    while (next_ < chunks_.size() && chunks_[next_].end - begin <= width) {
      last_begin = chunks_[next_].begin;
      end = chunks_[next_++].end;
    }
    if (next_ < chunks_.size() && chunks_[next_].size() > width) {
      const std::size_t taken = taken_of_long_word(width - (end - begin));
      const bool whole = !options_.break_long_words && next_ == first;
      if (whole || options_.break_long_words) {
        last_begin = end;
        end += whole ? chunks_[next_].size() : taken;
        chunks_[next_].begin = end;
        if (whole) ++next_;
      }
    }
    if (is_blank({last_begin, end})) end = last_begin;
    return part(begin, end);
  }

  /// How many characters of the next chunk, which is longer than a line, go to the present line. `left`: the room on this line.
  std::size_t taken_of_long_word(std::size_t left) const {
    const Chunk& chunk = chunks_[next_];
    if (!options_.break_after_hyphen) return left;
    std::size_t hyphen = chunk.begin + left;
    while (hyphen > chunk.begin && !is(hyphen - 1, '-')) --hyphen;
    std::size_t other = chunk.begin;  // the first character that is no hyphen
    while (other < hyphen && is(other, '-')) ++other;
    return hyphen > chunk.begin + 1 && other + 1 < hyphen ? hyphen - chunk.begin : left;
  }

  std::string_view text_;
  Options options_;
  std::vector<std::size_t> offsets_;
  std::vector<Chunk> chunks_;
  std::size_t next_ = 0;
};

inline Value filter_wordwrap(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values =
      arguments.bind(memory, "wordwrap", 0, {"width", "break_long_words", "wrapstring", "break_on_hyphens"});
  require_defined(memory, value);
  if (!value.is_string())
    memory.fail(concat('\'', type_name(value), "' object has no attribute 'splitlines'"));
  const Value& hyphens = values[3];
  const LineWrapper::Options options{
      .width = std::min<std::int64_t>(whole_argument(memory, values[0], 79), INT32_MAX),
      .break_long_words = values[1].is_undefined() || is_true(values[1]),
      .split_at_hyphens = hyphens.is_undefined() || (hyphens.kind == Kind::boolean && hyphens.boolean),
      .break_after_hyphen = hyphens.is_undefined() || is_true(hyphens)};
  const bool given = !values[2].is_undefined() && !values[2].is_none();
  if (given && !values[2].is_string())
    memory.fail(concat('\'', type_name(values[2]), "' object has no attribute 'join'"));
  const std::string_view separator = given ? values[2].text() : "\n";
  std::string out;
  bool first_line = true;
  for (const std::string_view line : split_lines(value.text())) {
    if (options.width <= 0) memory.fail(concat("invalid width ", options.width, " (must be > 0)"));
    if (!std::exchange(first_line, false)) out += separator;
    bool first_part = true;
    for (const std::string_view part : LineWrapper(memory, line, options).run()) {
      memory.take(part.size() + separator.size());
      if (!std::exchange(first_part, false)) out += separator;
      out += part;
    }
  }
  return memory.text(std::move(out));
}

}  // namespace moe::inline MOE_ABI::detail::jinja
