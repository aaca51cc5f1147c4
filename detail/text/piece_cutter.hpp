// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/utf8.hpp"
#include "notation.hpp"
#include "regex/matcher.hpp"
#include "split_step.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Cuts texts into pieces by the steps of a pre-tokenizer. Keeps the texts that steps have changed, so that pieces stay valid
/// while the cutter lives. Not thread-safe.
class PieceCutter {
 public:
  /// `steps` must outlive the cutter.
  explicit PieceCutter(const std::vector<SplitStep>& steps) : steps_(steps) {
    for (const SplitStep& step : steps) {
      matchers_.emplace_back();
      if (step.program) matchers_.back().emplace(*step.program);
    }
  }

  /// Calls on_piece(piece) for each piece, from left to right. No piece is empty. `at_begin`: no text or token came before.
  template <class OnPiece>
  void cut(std::string_view text, bool at_begin, OnPiece on_piece) {
    at_begin_ = at_begin;
    cut_from(0, text, on_piece);
  }

 private:
  template <class OnPiece>
  void cut_from(std::size_t step, std::string_view text, OnPiece& on_piece) {
    if (text.empty()) return;
    if (step == steps_.size()) return on_piece(text);
    const bool spaces = steps_[step].add_prefix_space && (at_begin_ || !steps_[step].only_at_begin);
    if (spaces && text.front() != ' ') text = changed_.emplace_back(' ' + std::string(text));
    at_begin_ = false;
    const auto on_part = [&](std::string_view part) { cut_from(step + 1, part, on_piece); };
    if (steps_[step].pattern) {
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = steps_[step].pattern->first_piece(text.substr(at));
        on_part(text.substr(at, size));
        at += size;
      }
    } else if (steps_[step].program) {
      cut_by_matches(step, text, on_part);
    } else {
      on_part(text);
    }
  }

  template <class OnPart>
  void cut_by_matches(std::size_t index, std::string_view text, OnPart on_part) {
    const SplitStep& step = steps_[index];
    const bool joins = step.behavior != SplitBehavior::isolated && step.behavior != SplitBehavior::removed;
    std::vector<SplitPart> parts;
    const auto on_match = [&](std::size_t begin, std::size_t end, bool match) {
      match = match != step.invert;
      if (joins) {
        parts.push_back({begin, end, match});
      } else if (!match || step.behavior == SplitBehavior::isolated) {
        on_part(text.substr(begin, end - begin));
      }
    };
    find_matches(index, text, on_match);
    for (const SplitPart& part : join_parts(parts, step.behavior))
      on_part(text.substr(part.begin, part.end - part.begin));
  }

  /// Calls on_match(begin, end, true) for each match, and on_match(begin, end, false) for each part between matches that is not
  /// empty.
  template <class OnMatch>
  void find_matches(std::size_t index, std::string_view text, OnMatch on_match) {
    regex::Matcher& matcher = *matchers_[index];
    const std::string seen = steps_[index].byte_alphabet ? in_byte_alphabet(text) : std::string();
    matcher.reset(steps_[index].byte_alphabet ? std::string_view(seen) : text);
    std::size_t done = 0, seen_done = 0;
    // Converts an offset in `seen` to an offset in the text. The offsets must not decrease from call to call.
    const auto place = [&](std::size_t at) {
      if (!steps_[index].byte_alphabet) return at;
      std::size_t characters = done;
      for (; seen_done < at; ++characters)
        seen_done += utf8_step(std::string_view(seen).substr(seen_done)).bytes;
      return characters;
    };
    while (const std::optional<regex::Match> match = matcher.next()) {
      const std::size_t begin = place(match->begin);
      if (done < begin) on_match(done, begin, false);
      done = begin;
      const std::size_t end = place(match->end);
      on_match(begin, end, true);
      done = end;
    }
    if (done < text.size()) on_match(done, text.size(), false);
  }

  const std::vector<SplitStep>& steps_;
  std::vector<std::optional<regex::Matcher>> matchers_;  // [steps]
  std::deque<std::string> changed_;
  bool at_begin_ = false;
};

}  // namespace moe::inline MOE_ABI::detail
