// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"

#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail::regex {

/// A range of code points.
struct Range {
  char32_t first, last;

  friend bool operator==(const Range&, const Range&) = default;
};

/// A set of characters: sorted ranges of code points with gaps between them. A byte that is not valid UTF-8 counts as the
/// character `invalid`. No property contains `invalid`, so only the complement of a set contains it.
class CharacterSet {
 public:
  static constexpr char32_t invalid = 0x110000;

  CharacterSet() = default;

  /// The union of ranges in any order.
  explicit CharacterSet(std::vector<Range> ranges);

  /// Reads a table of unicode_tables.hpp.
  static CharacterSet from_table(std::string_view table);

  const std::vector<Range>& ranges() const { return ranges_; }

  bool contains(char32_t c) const;

  /// All characters that this set does not contain; `invalid` counts as a character here.
  CharacterSet complement() const;

  CharacterSet intersection(const CharacterSet& other) const;

  CharacterSet without(const CharacterSet& other) const { return intersection(other.complement()); }

  CharacterSet united(const CharacterSet& other) const;

  /// This set, with all characters that differ only in case from a character of this set. By simple case folding, ſ (U+017F)
  /// is a variant of s, and K (U+212A) of k. Foldings of one character to several, such as ß to ss, are left out.
  CharacterSet case_closure() const;

  friend bool operator==(const CharacterSet&, const CharacterSet&) = default;

 private:
  std::vector<Range> ranges_;
};

}  // namespace moe::inline MOE_ABI::detail::regex

#if MOE_DEFINITIONS
#include "character_set.ipp"
#endif
