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

/// After a condition has matched, marks its loops that are still open: at their positions, they lead to a match.
MOE_INLINE void Matcher::commit(std::size_t bottom, bool condition) {
  for (std::size_t i = bottom; condition && i < stack_.size(); ++i)
    if (stack_[i].kind == Frame::Kind::failed)
      set_bit(passed_, program_.code[stack_[i].code].memo, stack_[i].position);
  stack_.resize(bottom, Frame{});
  if (program_.nullable_repeats) forget();  // nullable loops set `failed_` at their begin, even if they match
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
           "a text that needs at most 256 MiB of memory", "a longer text");
    bits.resize(std::max(at + 1, bits.size() + bits.size() / 2));
  }
  bits[at] = true;
}

MOE_INLINE bool Matcher::has_bit(const std::vector<bool>& bits, std::uint32_t memo,
                                 std::size_t position) const {
  const std::size_t at = (position - base_) * program_.repeats + memo;
  return at < bits.size() && bits[at];
}

/// Drops the bits before `position`: later matches begin at `position` or after it. Waits until half of all bits can be
/// dropped, so that each bit is moved at most once on average.
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
       concat("at most ", most_steps_, " steps for a text of ", text_.size(), " bytes"), "more");
}

}  // namespace moe::inline MOE_ABI::detail::regex
