// SPDX-License-Identifier: MIT
#pragma once
#include "character_set.hpp"
#include "../case_tables.hpp"
#include "../table_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::regex {

MOE_INLINE CharacterSet::CharacterSet(std::vector<Range> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.first < b.first; });
  for (const Range& range : ranges) {
    if (ranges_.empty() || range.first > ranges_.back().last + 1) {
      ranges_.push_back(range);
    } else {
      ranges_.back().last = std::max(ranges_.back().last, range.last);
    }
  }
}

MOE_INLINE CharacterSet CharacterSet::from_table(std::string_view table) {
  std::vector<Range> ranges;
  for (TableReader in(table); !in.done(); in.take(' ')) {
    const char32_t first = in.number();
    ranges.push_back({first, in.take('-') ? in.number() : first});
  }
  return CharacterSet(std::move(ranges));
}

MOE_INLINE bool CharacterSet::contains(char32_t c) const {
  const auto after =
      std::upper_bound(ranges_.begin(), ranges_.end(), c,
                       [](char32_t wanted, const Range& range) { return wanted < range.first; });
  return after != ranges_.begin() && c <= (after - 1)->last;
}

MOE_INLINE CharacterSet CharacterSet::complement() const {
  std::vector<Range> gaps;
  char32_t next = 0;
  for (const Range& range : ranges_) {
    if (range.first > next) gaps.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= invalid) gaps.push_back({next, invalid});
  return CharacterSet(std::move(gaps));
}

MOE_INLINE CharacterSet CharacterSet::intersection(const CharacterSet& other) const {
  std::vector<Range> common;
  for (auto a = ranges_.begin(), b = other.ranges_.begin(); a != ranges_.end() && b != other.ranges_.end();) {
    const Range both{std::max(a->first, b->first), std::min(a->last, b->last)};
    if (both.first <= both.last) common.push_back(both);
    ++(a->last < b->last ? a : b);
  }
  return CharacterSet(std::move(common));
}

MOE_INLINE CharacterSet CharacterSet::united(const CharacterSet& other) const {
  std::vector<Range> all = ranges_;
  all.insert(all.end(), other.ranges_.begin(), other.ranges_.end());
  return CharacterSet(std::move(all));
}

/// For each small letter: all characters that fold to this letter, with the letter itself.
using CaseVariants = std::map<char32_t, std::vector<char32_t>>;

/// Calls f(code point, mapped) for each entry of a table of case mappings that maps one character to one.
template <class F>
void for_each_case_pair(std::string_view table, F f) {
  for (TableReader in(table); !in.done(); in.take(' ')) {
    const char32_t first = in.number();
    const char32_t last = in.take('-') ? in.number() : first;
    const char32_t step = in.take('/') ? in.number() : 1;
    in.take('=');
    const char32_t target = in.number();
    bool several = false;
    for (; in.take('.'); in.number()) several = true;
    for (char32_t c = first; !several && c <= last; c += step) f(c, target + (c - first));
  }
}

/// İ (U+0130) and ı (U+0131) are not variants of i: only the case folding of Turkish maps them.
inline CaseVariants read_case_variants() {
  constexpr char32_t dotted = 0x130, dotless = 0x131;
  std::map<char32_t, char32_t> lower;
  for_each_case_pair(lower_case, [&](char32_t c, char32_t lowered) { lower[c] = lowered; });
  const auto fold = [&](char32_t c) {
    const auto found = lower.find(c);
    return found == lower.end() ? c : found->second;
  };
  CaseVariants variants;
  const auto add = [&](char32_t c, char32_t folded) {
    if (c == dotted || c == dotless) return;
    std::vector<char32_t>& all = variants[folded];
    for (const char32_t variant : {c, folded})
      if (std::find(all.begin(), all.end(), variant) == all.end()) all.push_back(variant);
  };
  for (const auto& [c, lowered] : lower) add(c, lowered);
  for_each_case_pair(upper_case, [&](char32_t c, char32_t capital) { add(c, fold(capital)); });
  return variants;
}

MOE_INLINE CharacterSet CharacterSet::case_closure() const {
  static const CaseVariants all = read_case_variants();
  std::vector<Range> ranges = ranges_;
  for (const auto& [folded, variants] : all) {
    const bool any = std::any_of(variants.begin(), variants.end(), [&](char32_t c) { return contains(c); });
    if (any)
      for (const char32_t c : variants) ranges.push_back({c, c});
  }
  return CharacterSet(std::move(ranges));
}

}  // namespace moe::inline MOE_ABI::detail::regex
