// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/concat.hpp"
#include "../../core/error.hpp"
#include "matcher.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI::detail::regex {

/// If a condition has matched, marks its open loops as loops that lead to a match from their positions.
MOE_INLINE void Matcher::commit(std::size_t bottom, bool condition) {
  if (program_.repeats == 0) return stack_.resize(bottom, Frame{});
  for (; stack_.size() > bottom; stack_.pop_back()) {
    const Frame& frame = stack_.back();
    if (frame.kind != Frame::Kind::failed) continue;
    const std::uint32_t memo = program_.code[frame.code].memo;
    open_[memo] = static_cast<std::size_t>(frame.state);
    if (condition) set_bit(passed_, memo, frame.position);
  }
  // Drops the failures: a loop may have failed only because an open loop discarded an empty round, and that loop has now
  // matched.
  if (program_.nullable_repeats) forget();
}

MOE_INLINE void Matcher::remember_failure(const Instruction& in, std::size_t begin, std::size_t end) {
  if (in.most != Node::unlimited) return;
  Failures& known = failures_[in.memo];
  const bool apart = end < known.begin || begin > known.end || known.begin == known.end;
  known = apart ? Failures{begin, end} : Failures{std::min(begin, known.begin), std::max(end, known.end)};
}

MOE_INLINE void Matcher::set_bit(std::vector<bool>& bits, std::uint32_t memo, std::size_t position) {
  const std::size_t at = (position - base_) * program_.repeats + memo;
  if (at >= bits.size()) {
    expect(at < most_remembered, program_.name, concat("regular expression \"", program_.pattern, '"'),
           "a text that needs at most 256 MiB of memory for failed loops",
           concat("a text of ", text_.size(), " bytes"));
    bits.resize(std::max(at + 1, bits.size() + bits.size() / 2));
  }
  bits[at] = true;
}

MOE_INLINE bool Matcher::has_bit(const std::vector<bool>& bits, std::uint32_t memo,
                                 std::size_t position) const {
  const std::size_t at = (position - base_) * program_.repeats + memo;
  return at < bits.size() && bits[at];
}

/// Drops the bits before `position`, because later matches begin at `position` or after it. Does so only if at least half of
/// all bits can be dropped, so that each bit is moved at most once on average.
MOE_INLINE void Matcher::forget_before(std::size_t position) {
  if (program_.repeats == 0) return;
  const std::size_t old = (position - base_) * program_.repeats;
  if (old < std::max(failed_.size(), passed_.size()) / 2) return;
  for (std::vector<bool>* bits : {&failed_, &passed_})
    bits->erase(bits->begin(), bits->begin() + static_cast<std::ptrdiff_t>(std::min(old, bits->size())));
  base_ = position;
}

MOE_INLINE void Matcher::forget() {
  std::fill(failures_.begin(), failures_.end(), Failures{});
  failed_.clear();
  passed_.clear();
  base_ = begin_;
}

MOE_INLINE void Matcher::fail_too_slow() const {
  fail(program_.name, concat("regular expression \"", program_.pattern, '"'),
       concat("at most ", most_steps_, " steps for a text of ", text_.size(), " bytes"),
       concat("at least ", steps_));
}

}  // namespace moe::inline MOE_ABI::detail::regex
