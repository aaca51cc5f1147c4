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

/// A set of characters, as sorted ranges with gaps between them. A byte that is not UTF-8 is the character `invalid`, which no
/// property has, so only negated classes have it.
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

  /// All other characters, with `invalid` if this set does not have it.
  CharacterSet complement() const;

  CharacterSet intersection(const CharacterSet& other) const;

  CharacterSet without(const CharacterSet& other) const { return intersection(other.complement()); }

  CharacterSet united(const CharacterSet& other) const;

  /// With all characters that differ from one of these in case only: simple case folding, so ſ (U+017F) is an s, and K (U+212A)
  /// is a k. Folds of one character to several, as ß to ss, are left out.
  CharacterSet case_closure() const;

  friend bool operator==(const CharacterSet&, const CharacterSet&) = default;

 private:
  std::vector<Range> ranges_;
};

}  // namespace moe::inline MOE_ABI::detail::regex

#if MOE_DEFINITIONS
#include "character_set.ipp"
#endif
