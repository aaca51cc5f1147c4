#pragma once
#include "../core/buffer.hpp"
#include "../core/config.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Decomposes and composes single characters.
class CanonicalForms {
 public:
  CanonicalForms();

  /// Whether the character stays as it is whatever stands before it, and nothing moves across it.
  bool stable(char32_t c) const { return states_[c] == 0; }

  std::uint8_t combining_class(char32_t c) const;

  /// Appends the full decomposition.
  void decompose(char32_t c, std::u32string& out) const;

  /// The character that two others are composed to; 0 if there is none.
  char32_t compose(char32_t first, char32_t second) const;

 private:
  struct Step {
    char32_t composed, first, second;  // second is 0 where there is only one
  };
  struct Pair {
    char32_t first, second, composed;
    friend bool operator<(const Pair& a, const Pair& b) {
      return a.first != b.first ? a.first < b.first : a.second < b.second;
    }
  };

  /// The state of a character of class 0 that may join one before it, or that never stays composed.
  static constexpr std::uint8_t movable = 255;

  // Hangul: a syllable is a lead, a vowel and perhaps a tail (section 3.12 of the Unicode standard).
  static constexpr char32_t lead_base = 0x1100, vowel_base = 0x1161, tail_base = 0x11a7;
  static constexpr char32_t leads = 19, vowels = 21, tails = 28;
  static constexpr char32_t syllable_base = 0xac00, syllables = leads * vowels * tails;

  static bool is_open_syllable(char32_t c);

  static void decompose_syllable(char32_t c, std::u32string& out);

  void read_combining_classes();

  void read_decompositions();

  Buffer<std::uint8_t> states_;  // [code points] 0: stable; movable; otherwise the combining class
  std::vector<Step> steps_;      // sorted by composed
  std::vector<Pair> pairs_;      // sorted
};

/// Built on first use, in less than a millisecond.
const CanonicalForms& canonical_forms();

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "canonical_forms.ipp"
#endif
