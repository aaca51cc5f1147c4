// SPDX-License-Identifier: MIT
#pragma once
#include "turn_format.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

struct MarkerPair {
  std::string_view begin, end;
};

/// The markers of published templates: Qwen3, DeepSeek, GLM and others; Mistral; Cohere; Gemma 4; gpt-oss; Seed-OSS; Apertus;
/// LongCat.
inline constexpr MarkerPair reasoning_markers[] = {
    {"<think>", "</think>"},
    {"[THINK]", "[/THINK]"},
    {"<|START_THINKING|>", "<|END_THINKING|>"},
    {"<|channel>thought", "<channel|>"},
    {"<|channel|>analysis<|message|>", "<|end|>"},
    {"<seed:think>", "</seed:think>"},
    {"<|inner_prefix|>", "<|inner_suffix|>"},
    {"<longcat_think>", "</longcat_think>"},
    {"<thinking>", "</thinking>"},
    {"<reasoning>", "</reasoning>"},
};

inline constexpr std::string_view marker_space = " \t\r\n";

inline std::string_view trimmed_left(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(marker_space), text.size()));
}

inline std::string_view trimmed_right(std::string_view text) {
  return text.substr(0, text.find_last_not_of(marker_space) + 1);
}

inline std::string_view trimmed(std::string_view text) { return trimmed_left(trimmed_right(text)); }

/// The part of a text after the last `begin`; nothing if the text has no `begin`.
inline std::optional<std::string_view> text_after(std::string_view text, std::string_view begin) {
  const std::size_t at = text.rfind(begin);
  if (at == text.npos) return {};
  return text.substr(at + begin.size());
}

/// The part of a text between the first `begin` and the next `end`; nothing if the text lacks one of them.
inline std::optional<std::string_view> text_between(std::string_view text, std::string_view begin,
                                                    std::string_view end) {
  const std::size_t at = text.find(begin);
  if (at == text.npos) return {};
  text.remove_prefix(at + begin.size());
  const std::size_t size = text.find(end);
  if (size == text.npos) return {};
  return text.substr(0, size);
}

/// The tag at the start of a text, such as </think> or [/THINK]; the whole text, without white space at the end, if there is no
/// tag at the start.
inline std::string_view first_tag(std::string_view text) {
  const char closing = text.starts_with('<') ? '>' : ']';
  const std::size_t end = text.starts_with('<') || text.starts_with('[') ? text.find(closing) : text.npos;
  return end == text.npos ? trimmed_right(text) : text.substr(0, end + 1);
}

/// Finds the TurnFormat of one template.
class TurnProbe {
 public:
  using Render = FunctionRef<std::string(const std::string& messages, const ChatOptions& options)>;

  explicit TurnProbe(Render render) : render_(render) {}

  TurnFormat find() {
    std::optional<std::string> plain = text_of(user_, {});
    if (!plain) {  // some templates are for conversations with tools only
      tools_.emplace_back(
          R"({"type":"function","function":{"name":"moetool","description":"","parameters":)"
          R"({"type":"object","properties":{"word":{"type":"string","description":""}},"required":["word"]}}})");
      plain = text_of(user_, {});
    }
    if (!plain) return {};
    for (const Thinking thinking : {Thinking::by_default, Thinking::on, Thinking::off})
      if (const auto text = text_of(user_, {true, thinking})) {
        prompts_.push_back(*text);
        if (thinking == Thinking::by_default && text->starts_with(*plain))
          format_.opening = text->substr(plain->size());
      }
    find_answer();
    find_calls();
    find_reasoning_member();
    if (format_.reasoning_begin.empty()) find_known_markers();
    return format_;
  }

 private:
  // Words that occur in no template, and that no filter in use changes.
  static constexpr std::string_view question = "Moequestion", answer = "Moeanswer", next = "Moenext",
                                    thought = "Moethought", argument = "Moeargument", second = "Moesecond",
                                    result = "Moeresult";

  enum class Thinking { by_default, on, off };

  struct Options {
    bool generation_prompt = false;
    Thinking thinking = Thinking::by_default;
  };

  /// The rendering; nothing if the template refuses it.
  std::optional<std::string> text_of(const std::string& messages, const Options& wanted) {
    ChatOptions options;
    options.add_generation_prompt = wanted.generation_prompt;
    options.now = "2026-01-02T03:04:05";
    options.tools = tools_;
    if (wanted.thinking != Thinking::by_default)
      for (const char* const name : {"enable_thinking", "thinking"})
        options.variables.emplace_back(name, wanted.thinking == Thinking::on ? "true" : "false");
    try {
      return render_(concat('[', messages, ']'), options);
    } catch (const Error&) {
      return {};
    }
  }

  static std::string assistant(std::string_view members) {
    return concat(R"(,{"role":"assistant",)", members, '}');
  }

  static std::string call(std::string_view word, std::string_view id, bool as_text) {
    const std::string arguments =
        as_text ? concat(R"("{\"word\": \")", word, R"(\"}")") : concat(R"({"word":")", word, R"("})");
    return concat(R"({"id":")", id, R"(","type":"function","function":{"name":"moetool","arguments":)",
                  arguments, "}}");
  }

  void find_answer() {
    const std::string reply = assistant(concat(R"("content":")", answer, '"'));
    TurnFormat::Closing closing;
    if (const auto text = text_of(user_ + reply, {})) closing.at_end = text_after(*text, answer).value_or("");
    if (const auto text = text_of(user_ + reply + next_, {})) {
      closing.before_next = text_between(*text, answer, next).value_or("");
      prompts_.push_back(text->substr(0, std::min(text->find(answer), text->size())));
    }
    format_.closings.push_back(closing);
  }

  /// Templates accept different forms of calls. Uses the first form that the template renders.
  void find_calls() {
    for (const std::string_view content : {"\"\"", "null"})
      for (const bool as_text : {false, true}) {
        const auto calls = [&](const std::string& list) {
          return concat("\"content\":", content, ",\"tool_calls\":[", list, ']');
        };
        const std::string one = calls(call(argument, "moecall01", as_text));
        const auto text = text_of(user_ + assistant(one), {});
        if (!text || text->find(argument) == text->npos) continue;
        one_call_ = one;
        TurnFormat::Closing closing{.at_end = std::string(*text_after(*text, argument)), .before_next = {}};
        if (const auto longer = text_of(user_ + assistant(one) + tool_result(), {}))
          closing.before_next = text_between(*longer, argument, result).value_or("");
        format_.closings.push_back(closing);
        const std::string two =
            call(argument, "moecall01", as_text) + ',' + call(second, "moecall02", as_text);
        if (const auto both = text_of(user_ + assistant(calls(two)), {}))
          format_.between_calls = text_between(*both, argument, second).value_or("");
        return;
      }
  }

  static std::string tool_result() {
    return concat(R"(,{"role":"tool","name":"moetool","tool_call_id":"moecall01","content":")", result,
                  "\"}");
  }

  void find_reasoning_member() {
    const std::string content = concat(R"("content":")", answer, '"');
    for (const Thinking thinking : {Thinking::by_default, Thinking::on}) {
      for (const char* const member : {"reasoning_content", "thinking", "reasoning"}) {
        const std::string reasoning = concat(",\"", member, "\":\"", thought, '"');
        const bool shown =
            read_reasoning(text_of(user_ + assistant(content + reasoning), {false, thinking}), answer);
        if (shown || (!one_call_.empty() &&
                      read_reasoning(text_of(user_ + assistant(one_call_ + reasoning), {false, thinking}),
                                     argument))) {
          format_.reasoning_member = member;
          return;
        }
      }
      const std::string parts = concat(R"("content":[{"type":"thinking","thinking":")", thought,
                                       R"("},{"type":"text","text":")", answer, "\"}]");
      if (read_reasoning(text_of(user_ + assistant(parts), {false, thinking}), answer)) return;
    }
  }

  /// Reads the markers around `thought` in a turn whose answer, or argument of a call, is `after`. Returns whether the text
  /// shows the thought.
  bool read_reasoning(const std::optional<std::string>& text, std::string_view after) {
    if (!text) return false;
    const auto before = text_between(*text, question, thought), between = text_between(*text, thought, after);
    if (!before || !between || trimmed(*between).empty() || is_notation(*between)) return false;
    format_.inner.emplace_back(*between);
    const std::string_view begin = begin_marker(*before, *between), end = end_marker(*before, *between);
    if (begin.empty()) return true;
    format_.reasoning_begin = begin;
    format_.reasoning_end = end;
    if (after == answer) read_answer_marks(trimmed(trimmed_left(*between).substr(end.size())));
    return true;
  }

  /// Whether the text is a part of a list or a message that the template writes as a whole, in JSON or as Python prints it.
  static bool is_notation(std::string_view between) {
    return between.starts_with("\",") || between.starts_with("\"}") || between.starts_with("',") ||
           between.starts_with("'}");
  }

  static const MarkerPair* known_pair(std::string_view before, std::string_view between) {
    for (const MarkerPair& pair : reasoning_markers)
      if (trimmed_right(before).ends_with(pair.begin) && trimmed_left(between).starts_with(pair.end))
        return &pair;
    return nullptr;
  }

  std::string_view end_marker(std::string_view before, std::string_view between) const {
    if (const MarkerPair* known = known_pair(before, between)) return known->end;
    return first_tag(trimmed_left(between));
  }

  /// The marker at the end of `before`, which is the text between question and thought: the first marker of a known pair; or
  /// else the rest of `before` after the text that begins a turn without reasoning. prompts_ has several texts of this kind:
  /// the shortest rest is the marker. Empty if there is no rest.
  std::string_view begin_marker(std::string_view before, std::string_view between) const {
    if (const MarkerPair* known = known_pair(before, between)) return known->begin;
    std::string_view found;
    for (const std::string& prompt : prompts_) {
      const std::string_view begin = text_after(prompt, question).value_or("");
      if (begin.empty() || !before.starts_with(begin)) continue;
      const std::string_view rest = trimmed(before.substr(begin.size()));
      if (!rest.empty() && (found.empty() || rest.size() < found.size())) found = rest;
    }
    return found;
  }

  /// The marks can contain the generation prompt: a turn of the harmony format has several messages, and each begins with the
  /// generation prompt.
  void read_answer_marks(std::string_view marks) {
    const std::string_view opening = trimmed(format_.opening);
    if (!opening.empty() && marks.starts_with(opening)) {
      format_.answer_marks.emplace_back(opening);
      marks = trimmed_left(marks.substr(opening.size()));
    }
    if (!marks.empty()) format_.answer_marks.emplace_back(marks);
    if (format_.reasoning_begin == "<|channel|>analysis<|message|>")
      format_.answer_marks.emplace_back("<|channel|>commentary<|message|>");
  }

  void find_known_markers() {
    for (const MarkerPair& pair : reasoning_markers)
      if (prompt_shows(pair) || is_removed(pair)) {
        format_.reasoning_begin = pair.begin;
        format_.reasoning_end = pair.end;
        return;
      }
  }

  /// Whether a generation prompt ends with the first marker, or with both markers (an empty reasoning).
  bool prompt_shows(const MarkerPair& pair) const {
    return std::any_of(prompts_.begin(), prompts_.end(), [&](const std::string& prompt) {
      std::string_view text = trimmed_right(text_after(prompt, question).value_or(""));
      if (text.ends_with(pair.end)) text = trimmed_right(text.substr(0, text.size() - pair.end.size()));
      return text.ends_with(pair.begin);
    });
  }

  bool is_removed(const MarkerPair& pair) {
    const std::string earlier =
        concat("\"content\":\"", pair.begin, "\\n", thought, "\\n", pair.end, "\\n\\n", answer, '"');
    const auto text = text_of(user_ + assistant(earlier) + next_ + assistant("\"content\":\"Yes\""), {});
    return text && text->find(answer) != text->npos && text->find(thought) == text->npos;
  }

  static std::string user(std::string_view content) {
    return concat(R"({"role":"user","content":")", content, "\"}");
  }

  Render render_;
  TurnFormat format_;
  const std::string user_ = user(question), next_ = ',' + user(next);
  std::vector<std::string> tools_;
  std::vector<std::string> prompts_;  // texts that end where an answer without reasoning starts
  std::string one_call_;              // the members of a message with a call that the template renders
};

MOE_INLINE TurnFormat
find_turn_format(FunctionRef<std::string(const std::string& messages, const ChatOptions& options)> render) {
  return TurnProbe(render).find();
}

}  // namespace moe::inline MOE_ABI::detail
