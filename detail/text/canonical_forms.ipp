// SPDX-License-Identifier: MIT
#pragma once
#include "canonical_forms.hpp"
#include "nfc_tables.hpp"
#include "table_reader.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

namespace moe::inline MOE_ABI::detail {

/// Hangul: a syllable is a lead, a vowel and an optional tail. Source: section 3.12 of the Unicode standard.
namespace hangul {

inline constexpr char32_t lead_base = 0x1100, vowel_base = 0x1161, tail_base = 0x11a7;
inline constexpr char32_t leads = 19, vowels = 21, tails = 28;
inline constexpr char32_t syllable_base = 0xac00, syllables = leads * vowels * tails;

inline bool is_syllable(char32_t c) { return c >= syllable_base && c < syllable_base + syllables; }

inline void decompose(char32_t syllable, std::u32string& out) {
  const char32_t index = syllable - syllable_base;
  out += lead_base + index / (vowels * tails);
  out += vowel_base + index / tails % vowels;
  if (index % tails != 0) out += tail_base + index % tails;
}

/// The composition of two characters; 0 if they have none.
inline char32_t compose(char32_t first, char32_t second) {
  if (first >= lead_base && first < lead_base + leads && second >= vowel_base && second < vowel_base + vowels)
    return syllable_base + ((first - lead_base) * vowels + (second - vowel_base)) * tails;
  const bool open = is_syllable(first) && (first - syllable_base) % tails == 0;
  return open && second > tail_base && second < tail_base + tails ? first + (second - tail_base) : 0;
}

}  // namespace hangul

MOE_INLINE CanonicalForms::CanonicalForms() : states_(0x110000) {
  using namespace hangul;
  read_combining_classes();
  read_decompositions();
  for (char32_t c = vowel_base; c < vowel_base + vowels; ++c) states_[c] = movable;
  for (char32_t c = tail_base + 1; c < tail_base + tails; ++c) states_[c] = movable;
}

MOE_INLINE std::uint8_t CanonicalForms::combining_class(char32_t c) const {
  return states_[c] == movable ? std::uint8_t{0} : states_[c];
}

MOE_INLINE void CanonicalForms::decompose(char32_t c, std::u32string& out) const {
  if (hangul::is_syllable(c)) return hangul::decompose(c, out);
  const auto step = std::lower_bound(steps_.begin(), steps_.end(), c,
                                     [](const Step& s, char32_t wanted) { return s.composed < wanted; });
  if (step == steps_.end() || step->composed != c) {
    out += c;
    return;
  }
  decompose(step->first, out);
  if (step->second != 0) out += step->second;
}

MOE_INLINE char32_t CanonicalForms::compose(char32_t first, char32_t second) const {
  if (const char32_t syllable = hangul::compose(first, second)) return syllable;
  const Pair wanted{first, second, 0};
  const auto pair = std::lower_bound(pairs_.begin(), pairs_.end(), wanted);
  return pair == pairs_.end() || wanted < *pair ? 0 : pair->composed;
}

MOE_INLINE void CanonicalForms::read_combining_classes() {
  std::uint8_t current = 0;
  for (TableReader in(combining_classes); !in.done(); in.take(' ')) {
    char32_t first = in.number();
    if (in.take(':')) {
      current = static_cast<std::uint8_t>(first);
      first = in.number();
    }
    const char32_t last = in.take('-') ? in.number() : first;
    for (char32_t c = first; c <= last; ++c) states_[c] = current;
  }
}

MOE_INLINE void CanonicalForms::read_decompositions() {
  for (TableReader in(decompositions); !in.done(); in.take(' ')) {
    Step step{in.number(), 0, 0};
    const bool both_ways = in.take('=');
    if (!both_ways) in.take('>');
    step.first = in.number();
    if (in.take('+')) step.second = in.number();
    steps_.push_back(step);
    if (both_ways) pairs_.push_back({step.first, step.second, step.composed});
    const char32_t moved = both_ways ? step.second : step.composed;
    if (states_[moved] == 0) states_[moved] = movable;
  }
  std::sort(pairs_.begin(), pairs_.end());
}

MOE_INLINE const CanonicalForms& canonical_forms() {
  static const CanonicalForms forms;
  return forms;
}

}  // namespace moe::inline MOE_ABI::detail
