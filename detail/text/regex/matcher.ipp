// SPDX-License-Identifier: MIT
#pragma once
#include "matcher.hpp"
#include "properties.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace moe::inline MOE_ABI::detail::regex {

MOE_INLINE Matcher::Matcher(const Program& program)
    : program_(program), failures_(program.loops), open_(program.repeats, npos) {}

MOE_INLINE void Matcher::reset(std::string_view text) {
  text_ = text;
  begin_ = 0;
  last_end_ = npos;
  stack_.clear();  // not empty if an Error ended the last search
  std::fill(open_.begin(), open_.end(), npos);
  steps_ = 0;
  most_steps_ = least_steps + steps_per_byte * std::min(text.size(), npos / steps_per_byte / 2);
  forget();
}

MOE_INLINE std::optional<Match> Matcher::next() {
  for (std::size_t at = begin_; at <= text_.size();) {
    const bool possible = program_.nullable ||
                          (at < text_.size() && program_.first_bytes[static_cast<unsigned char>(text_[at])]);
    const std::size_t end = possible ? run(0, at, false) : npos;
    if (end != npos && (end > at || end != last_end_)) {
      begin_ = last_end_ = end;
      forget_before(end);
      return Match{at, end};
    }
    at += std::max(code_point_at(at).bytes, std::size_t{1});
  }
  begin_ = text_.size() + 1;
  return {};
}

MOE_INLINE std::size_t Matcher::run(std::uint32_t code, std::size_t position, bool condition) {
  const std::size_t bottom = stack_.size();
  code_ = code;
  position_ = position;
  for (;;) {
    count(1);
    const Outcome outcome = step(condition);
    if (outcome == Outcome::matches) {
      commit(bottom, condition);
      return position_;
    }
    if (outcome == Outcome::fails && !backtrack(bottom)) return npos;
  }
}

MOE_INLINE Matcher::Outcome Matcher::step(bool condition) {
  using Op = Instruction::Op;
  const Instruction& in = program_.code[code_];
  const auto outcome = [](bool good) { return good ? Outcome::goes_on : Outcome::fails; };
  switch (in.op) {
    case Op::literal: return outcome(match_literal(in));
    case Op::set: {
      const std::size_t bytes = in_set(program_.sets[in.set], position_);
      position_ += bytes;
      ++code_;
      return outcome(bytes > 0);
    }
    case Op::loop: return outcome(in.greed == Greed::lazy ? begin_lazy_loop(in) : loop(in));
    case Op::split: split(in); return Outcome::goes_on;
    case Op::repeat: return repeat(in, condition);
    case Op::dispatch: return outcome(dispatch(in));
    case Op::jump: code_ = in.target; return Outcome::goes_on;
    case Op::assertion: ++code_; return outcome(holds(in.assertion));
    case Op::look: return outcome(look(in));
    case Op::look_set: ++code_; return outcome((in_set(program_.sets[in.set], position_) > 0) != in.negated);
    case Op::atomic: return outcome(match_atomic(in));
    case Op::step_back: ++code_; return outcome(step_back(in.least));
    case Op::match: return Outcome::matches;
  }
  return Outcome::fails;
}

MOE_INLINE bool Matcher::backtrack(std::size_t bottom) {
  while (stack_.size() > bottom) {
    Frame& top = stack_.back();
    if (top.kind == Frame::Kind::shrink) {
      if (shrink(top)) return true;
    } else if (top.kind == Frame::Kind::grow) {
      if (grow(top)) return true;
    } else {
      const Frame frame = top;
      stack_.pop_back();
      if (frame.kind == Frame::Kind::failed) {
        const std::uint32_t memo = program_.code[frame.code].memo;
        open_[memo] = static_cast<std::size_t>(frame.state);
        set_bit(failed_, memo, frame.position);
      } else if (frame.kind == Frame::Kind::alternatives) {
        take_alternative(frame.code, frame.position, frame.state);
        return true;
      } else {
        code_ = frame.code;
        position_ = frame.position;
        return true;
      }
    }
  }
  return false;
}

MOE_INLINE bool Matcher::match_literal(const Instruction& in) {
  const std::string_view literal = std::string_view(program_.literals).substr(in.set, in.least);
  if (!text_.substr(position_).starts_with(literal)) return false;
  position_ += literal.size();
  ++code_;
  return true;
}

MOE_INLINE bool Matcher::loop(const Instruction& in) {
  const bool unlimited = in.most == Node::unlimited;
  const Failures known = unlimited ? failures_[in.memo] : Failures{};
  if (known.contains(position_)) return false;
  // An earlier run of this loop from known.begin failed with every end after known.begin, so a greedy run that begins before
  // known.begin need not go beyond known.begin.
  const std::size_t stop = in.greed == Greed::greedy && known.end > known.begin ? known.begin : npos;
  const CharacterTable& set = program_.sets[in.set];
  std::size_t end = position_, characters = 0, least_end = position_;
  while (characters < in.most && end != stop) {
    const std::size_t bytes = in_set(set, end);
    if (bytes == 0) break;
    end += bytes;
    if (++characters == in.least) least_end = end;
  }
  count(characters);
  if (characters < in.least) return false;
  if (!in.last && (unlimited || end > least_end))
    stack_.push_back(
        {Frame::Kind::shrink, code_, position_, end, in.greed == Greed::greedy ? least_end : end, end});
  position_ = end;
  ++code_;
  return true;
}

MOE_INLINE bool Matcher::shrink(Frame& frame) {
  if (frame.state > frame.limit) {
    position_ = before(static_cast<std::size_t>(frame.state));
    frame.state = position_;
    code_ = frame.code + 1;
    count(1);
    return true;
  }
  remember_failure(program_.code[frame.code], frame.position, frame.end + 1);
  stack_.pop_back();
  return false;
}

MOE_INLINE bool Matcher::begin_lazy_loop(const Instruction& in) {
  if (in.most == Node::unlimited && failures_[in.memo].contains(position_)) return false;
  std::size_t end = position_;
  for (std::uint32_t characters = 0; characters < in.least; ++characters) {
    const std::size_t bytes = in_set(program_.sets[in.set], end);
    if (bytes == 0) return false;
    end += bytes;
  }
  count(in.least);
  stack_.push_back({Frame::Kind::grow, code_, position_, end, in.most - in.least, end});
  position_ = end;
  ++code_;
  return true;
}

MOE_INLINE bool Matcher::grow(Frame& frame) {
  const Instruction& in = program_.code[frame.code];
  const std::size_t bytes =
      frame.limit > 0 ? in_set(program_.sets[in.set], static_cast<std::size_t>(frame.state)) : 0;
  if (bytes == 0) {
    remember_failure(in, frame.position, static_cast<std::size_t>(frame.state) + 1);
    stack_.pop_back();
    return false;
  }
  position_ = static_cast<std::size_t>(frame.state) + bytes;
  frame.state = position_;
  if (in.most != Node::unlimited) --frame.limit;
  code_ = frame.code + 1;
  count(1);
  return true;
}

MOE_INLINE void Matcher::split(const Instruction& in) {
  const std::uint32_t behind = code_ + 1;
  stack_.push_back({Frame::Kind::resume, in.prefers_target ? behind : in.target, position_, 0, 0, 0});
  code_ = in.prefers_target ? in.target : behind;
}

/// A round that matches no characters reaches the repeat again at the position where its loop is open: the loop then ends, as in
/// Perl. If no match follows, backtracking tries the other choices of the round.
MOE_INLINE Matcher::Outcome Matcher::repeat(const Instruction& in, bool condition) {
  if (has_bit(failed_, in.memo, position_)) return Outcome::fails;
  if (condition && has_bit(passed_, in.memo, position_)) return Outcome::matches;
  std::size_t& open = open_[in.memo];
  stack_.push_back({Frame::Kind::failed, code_, position_, open, 0, 0});
  if (in.nullable && open == position_) {
    code_ = std::max(code_ + 1, in.target);  // the code of a round comes before the code after the loop
  } else {
    open = position_;
    split(in);
  }
  return Outcome::goes_on;
}

MOE_INLINE bool Matcher::dispatch(const Instruction& in) {
  const Dispatch& dispatch = program_.dispatches[in.set];
  const bool at_end = position_ == text_.size();
  const std::uint64_t choices =
      at_end ? dispatch.at_end : dispatch.by_byte[static_cast<unsigned char>(text_[position_])];
  if (choices == 0) return false;
  take_alternative(code_, position_, choices);
  return true;
}

MOE_INLINE void Matcher::take_alternative(std::uint32_t code, std::size_t position, std::uint64_t choices) {
  const std::uint64_t others = choices & (choices - 1);
  if (others != 0) stack_.push_back({Frame::Kind::alternatives, code, position, others, 0, 0});
  const Dispatch& dispatch = program_.dispatches[program_.code[code].set];
  code_ = dispatch.targets[static_cast<std::size_t>(std::countr_zero(choices))];
  position_ = position;
}

MOE_INLINE bool Matcher::look(const Instruction& in) {
  const std::size_t position = position_;
  const bool matched = run(code_ + 1, position, true) != npos;
  position_ = position;
  code_ = in.target;
  return matched != in.negated;
}

MOE_INLINE bool Matcher::match_atomic(const Instruction& in) {
  const std::size_t end = run(code_ + 1, position_, false);
  position_ = end;
  code_ = in.target;
  return end != npos;
}

MOE_INLINE bool Matcher::step_back(std::uint32_t characters) {
  for (; characters > 0 && position_ > 0; --characters) position_ = before(position_);
  return characters == 0;
}

MOE_INLINE bool Matcher::is_word(std::size_t position) const {
  static const CharacterTable words(word_characters(false));
  return in_set(words, position) > 0;
}

MOE_INLINE bool Matcher::holds(Assertion assertion) const {
  const bool at_begin = position_ == 0, at_end = position_ == text_.size();
  const auto border = [&] { return is_word(position_) != (!at_begin && is_word(before(position_))); };
  switch (assertion) {
    case Assertion::line_begin: return at_begin || (!at_end && text_[position_ - 1] == '\n');
    case Assertion::line_end: return at_end || text_[position_] == '\n';
    case Assertion::text_begin: return at_begin;
    case Assertion::text_end: return at_end;
    case Assertion::last_line_end:
      return at_end || (position_ + 1 == text_.size() && text_[position_] == '\n');
    case Assertion::word_border: return border();
    case Assertion::no_word_border: return !border();
  }
  return false;
}

}  // namespace moe::inline MOE_ABI::detail::regex
