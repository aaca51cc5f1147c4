// SPDX-License-Identifier: MIT
#pragma once
#include "end_tokens.hpp"
#include "../io/file.hpp"
#include "../io/gguf_path.hpp"
#include "../spec/value_source.hpp"
#include "../text/known_control_tokens.hpp"
#include "../text/special_tokens.hpp"
#include "../text/tokenizer_files.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

inline bool contains(std::span<const TokenId> ids, TokenId id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

inline void add_end(std::vector<EndToken>& ends, TokenId id, EndToken::Source source) {
  if (std::none_of(ends.begin(), ends.end(), [&](const EndToken& end) { return end.id == id; }))
    ends.push_back({id, source});
}

inline void remove_end(std::vector<EndToken>& ends, TokenId id) {
  std::erase_if(ends, [&](const EndToken& end) { return end.id == id; });
}

/// The eos_token that tokenizer_config.json or special_tokens_map.json names; none if the checkpoint has no tokenizer, or a
/// tokenizer in a GGUF file.
inline std::optional<TokenId> configured_end(const Checkpoint& checkpoint, const Tokenizer& tokenizer) {
  const std::string found = find_tokenizer(checkpoint.path());
  if (found.empty() || (is_file(found) && is_gguf(found))) return {};
  for (const auto& [name, text] : read_special_tokens(checkpoint.directory()))
    if (name == "eos_token") return tokenizer.id_of(text);
  return {};
}

/// Adds the tokens of a GGUF file that end a text in every model.
inline void add_known_ends(const Tokenizer& tokenizer, std::vector<EndToken>& ends) {
  const auto add = [&](std::string_view text) {
    if (const auto id = tokenizer.id_of(text); id && tokenizer.is_special(*id))
      add_end(ends, *id, EndToken::Source::tokenizer);
  };
  for (const std::string_view text : end_tokens_of_control_type) add(text);
  for (const std::string_view text : end_tokens_of_any_type) add(text);
  if (const auto id = tokenizer.id_of(end_before_tool_result))
    add_end(ends, *id, EndToken::Source::tokenizer);
}

MOE_INLINE std::vector<EndToken> find_end_tokens(const Checkpoint& checkpoint, const ModelSpec& spec,
                                                 const Tokenizer* tokenizer) {
  std::vector<EndToken> ends;
  if (const Json generation = checkpoint.generation_config())
    for (const std::size_t id : ValueSource(generation).sizes("eos_token_id"))
      add_end(ends, static_cast<TokenId>(id), EndToken::Source::generation_config);
  for (const TokenId id : spec.end_tokens) add_end(ends, id, EndToken::Source::config);
  if (!tokenizer) return ends;
  if (const auto id = configured_end(checkpoint, *tokenizer)) add_end(ends, *id, EndToken::Source::tokenizer);
  if (checkpoint.naming() == Naming::gguf) add_known_ends(*tokenizer, ends);
  const auto has = [&](std::string_view text) { return tokenizer->id_of(text).has_value(); };
  const std::optional<TokenId> message_end = tokenizer->id_of("<|end|>");
  if (message_end && ((has("<|return|>") && has("<|call|>")) || (has("<|flush|>") && has("<|calls|>"))))
    remove_end(ends, *message_end);
  return ends;
}

/// Finds the tokens that end a turn among the tokens of the texts that a chat template writes after a turn.
class TurnEnds {
 public:
  TurnEnds(const TurnFormat& format, const Tokenizer& tokenizer)
      : tokenizer_(tokenizer), opening_(ids_of(format.opening)) {
    for (const std::string& text : format.inner)
      for (const TokenId id : ids_of(text))
        if (is_control(id)) inner_.push_back(id);
  }

  /// The control tokens inside of turns.
  const std::vector<TokenId>& inner() const { return inner_; }

  /// The tokens that end a turn with this closing. `between`: the text between two calls of one turn, whose tokens do not
  /// count; empty for answers.
  std::vector<TokenId> find(const TurnFormat::Closing& closing, std::string_view between) const {
    const std::vector<TokenId> at_end = ids_of(closing.at_end), before_next = ids_of(closing.before_next),
                               excluded = ids_of(between);
    const auto [end, next] =
        std::mismatch(at_end.begin(), at_end.end(), before_next.begin(), before_next.end());
    const auto is_end = [&](TokenId id) {
      return is_control(id) && !contains(inner_, id) && !contains(excluded, id);
    };
    std::vector<TokenId> found;
    for (auto at = at_end.begin(); at != end; ++at)
      if (is_end(*at) && !contains(opening_, *at) && (found.empty() || !opening_.empty()))
        found.assign(1, *at);
    if (!found.empty()) return found;
    if (const auto at = std::find_if(end, at_end.end(), is_end); at != at_end.end()) found.push_back(*at);
    if (const auto at = std::find_if(next, before_next.end(), is_end); at != before_next.end())
      found.push_back(*at);
    return found;
  }

 private:
  std::vector<TokenId> ids_of(std::string_view text) const {
    return tokenizer_.encode(text, {.add_special_tokens = false});
  }

  bool is_control(TokenId id) const {
    return tokenizer_.is_special(id) || is_known_control(tokenizer_.bytes(id), true);
  }

  const Tokenizer& tokenizer_;
  std::vector<TokenId> opening_;  // of the generation prompt; empty if add_generation_prompt has no effect
  std::vector<TokenId> inner_;
};

MOE_INLINE std::vector<EndToken> turn_end_tokens(std::vector<EndToken> ends, const TurnFormat& format,
                                                 const Tokenizer& tokenizer) {
  const TurnEnds turns(format, tokenizer);
  for (std::size_t i = 0; i < format.closings.size(); ++i)
    for (const TokenId id : turns.find(format.closings[i], i == 0 ? "" : format.between_calls))
      add_end(ends, id, EndToken::Source::chat_template);
  for (const TokenId id : turns.inner()) remove_end(ends, id);
  return ends;
}

}  // namespace moe::inline MOE_ABI::detail
