// SPDX-License-Identifier: MIT
#pragma once
#include "filters.hpp"
#include "../../core/concat.hpp"
#include "../regex/matcher.hpp"
#include "../regex/program.hpp"
#include "interpreter.hpp"
#include "operators.hpp"
#include "python_text.hpp"
#include "text_filters.ipp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

/// The filter urlize: turns the addresses in a text into links of HTML. Source: urlize() in utils.py of Jinja.
class Linker {
 public:
  Linker(Memory& memory, const std::vector<Value>& values)
      : memory_(memory), limit_(values[0]), address_(address_pattern()), mail_(mail_pattern()) {
    std::set<std::string> rel{"noopener"};
    if (is_true(values[1])) rel.insert("nofollow");
    if (values[3].is_string())
      for (const std::string_view word : split_words(values[3].text(), SIZE_MAX, false)) rel.emplace(word);
    std::string words;
    for (const std::string& word : rel) words += concat(words.empty() ? "" : " ", word);
    attributes_ = attribute("rel", Value::of_text(words));
    if (is_true(values[2])) attributes_ += attribute("target", values[2]);
    if (values[4].is_undefined() || values[4].is_none()) return;
    schemes_ = iterate(memory, values[4]);
    for (const Value& scheme : schemes_)
      if (!scheme.is_string() || !is_scheme(scheme.text()))
        memory.fail(concat(repr(scheme), " is not a valid URI scheme prefix."));
  }

  std::string run(std::string_view text) {
    std::string out;
    for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end) {
      const bool space = is_space(text, begin);
      while (end < text.size() && is_space(text, end) == space) end += utf8_step(text.substr(end)).bytes;
      const std::string_view word = text.substr(begin, end - begin);
      const std::size_t before = out.size();
      space ? out.append(word) : out.append(linked(word));
      memory_.take(out.size() - before);
      memory_.work(1);
    }
    return out;
  }

 private:
  static regex::Program address_pattern() {
    return regex::compile(
        R"((?i:\A(?:(?:https?://|www\.)(?:[\p{L}\p{N}_%-]+\.)*)"
        R"((?:[a-z]{2,63}|xn--[\p{L}\p{N}_%]{2,59})|(?:[\p{L}\p{N}_%-]{2,63}\.)+)"
        R"((?:com|net|int|edu|gov|org|info|mil)|https?://(?:\p{Nd}{1,3}(?:\.\p{Nd}{1,3}){3}|)"
        R"(\[(?:[\p{Nd}a-f]{0,4}:){2}(?:[\p{Nd}a-f]{0,4}:?){1,6}\]))(?::\p{Nd}{1,5})?(?:[/?#]\S*)?\z))",
        "urlize");
  }
  static regex::Program mail_pattern() {
    return regex::compile(R"(\A\S+@[\p{L}\p{N}_][\p{L}\p{N}_.-]*\.[\p{L}\p{N}_]+\z)", "urlize");
  }

  static bool is_space(std::string_view text, std::size_t at) {
    return is_python_space(utf8_step(text.substr(at)).code_point);
  }

  static bool matches(const regex::Program& program, std::string_view text) {
    regex::Matcher matcher(program);
    matcher.reset(text);
    return matcher.next().has_value();
  }

  std::string repr(const Value& value) {
    std::string out;
    append_repr(memory_, out, value);
    return out;
  }

  std::string attribute(std::string_view name, const Value& value) {
    return concat(' ', name, "=\"", escaped(memory_, value).text(), '"');
  }

  static bool is_scheme(std::string_view text) {
    const std::size_t colon = text.find(':');
    const std::string_view slashes = colon == text.npos ? "none" : text.substr(colon + 1);
    if (slashes != "" && slashes != "/" && slashes != "//") return false;
    const std::string_view name = text.substr(0, colon);
    for (std::size_t at = 0; at < name.size(); at += character_at(name, at).bytes)
      if (!is_python_word(name, at) && std::string_view(".+-").find(name[at]) == name.npos) return false;
    return count_code_points(name) >= 2;
  }

  /// The text of a link, of at most limit_ characters and three points.
  std::string shortened(std::string_view text) {
    if (limit_.is_undefined() || limit_.is_none()) return std::string(text);
    const std::vector<std::size_t> offsets = offsets_of(memory_, text);
    const auto size = static_cast<std::int64_t>(offsets.size() - 1),
               limit = whole_argument(memory_, limit_, 0);
    if (size <= limit) return std::string(text);
    const std::int64_t end = limit < 0 ? std::max<std::int64_t>(0, size + std::max(limit, -size)) : limit;
    return concat(text.substr(0, offsets[static_cast<std::size_t>(end)]), "...");
  }

  std::string link(std::string_view address, std::string_view text) const {
    return concat("<a href=\"", address, "\">", text, "</a>");
  }

  static std::size_t head_size(std::string_view word) {
    std::size_t size = 0;
    for (;;) {
      const std::string_view rest = word.substr(size);
      const std::size_t more = rest.starts_with('(') || rest.starts_with('<') ? 1
                               : rest.starts_with("&lt;")                     ? 4
                                                                              : 0;
      if (more == 0) return size;
      size += more;
    }
  }

  static std::size_t tail_size(std::string_view word) {
    std::size_t size = 0;
    for (;;) {
      const std::string_view rest = word.substr(0, word.size() - size);
      const bool one =
          !rest.empty() && std::string_view(")>.,\n").find(rest.back()) != std::string_view::npos;
      const std::size_t more = one ? 1 : rest.ends_with("&gt;") ? 4 : 0;
      if (more == 0) return size;
      size += more;
    }
  }

  /// A word with its address as a link, without the brackets and the punctuation around the address.
  std::string linked(std::string_view word) {
    const std::size_t head = head_size(word);
    std::string_view middle = word.substr(head);
    std::string_view tail = middle.substr(middle.size() - tail_size(middle));
    middle.remove_suffix(tail.size());
    constexpr std::pair<std::string_view, std::string_view> brackets[] = {
        {"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}};
    for (const auto& [open, close] : brackets) {
      const std::size_t opened = count_text(middle, open);
      if (opened <= count_text(middle, close)) continue;
      for (std::size_t i = std::min(opened, count_text(tail, close)); i > 0; --i) {
        const std::size_t taken = tail.find(close) + close.size();
        middle = {middle.data(), middle.size() + taken};
        tail.remove_prefix(taken);
      }
    }
    return concat(word.substr(0, head), linked_address(middle), tail);
  }

  std::string linked_address(std::string_view text) {
    if (matches(address_, text)) {
      const bool scheme = text.starts_with("https://") || text.starts_with("http://");
      return concat("<a href=\"", scheme ? "" : "https://", text, '"', attributes_, '>', shortened(text),
                    "</a>");
    }
    if (text.starts_with("mailto:") && matches(mail_, text.substr(7))) return link(text, text.substr(7));
    const bool mail = text.find('@') != text.npos && !text.starts_with("www.") && !text.starts_with('@') &&
                      text.find(':') == text.npos;
    if (mail && matches(mail_, text)) return link(concat("mailto:", text), text);
    std::string out(text);
    for (const Value& scheme : schemes_)
      if (out != scheme.text() && out.starts_with(scheme.text()))
        out = concat("<a href=\"", out, '"', attributes_, '>', out, "</a>");
    return out;
  }

  Memory& memory_;
  Value limit_;
  regex::Program address_, mail_;
  std::string attributes_;
  std::vector<Value> schemes_;
};

inline Value filter_urlize(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  Memory& memory = interpreter.memory();
  const Items values =
      arguments.bind(memory, "urlize", 0, {"trim_url_limit", "nofollow", "target", "rel", "extra_schemes"});
  memory.work(10'000);  // compiling the patterns takes longer than other steps
  return memory.text(Linker(memory, values).run(escaped(memory, value).text()));
}

}  // namespace moe::inline MOE_ABI::detail::jinja
