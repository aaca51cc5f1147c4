// SPDX-License-Identifier: MIT
#pragma once
#include "../core/buffer.hpp"
#include "../core/config.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Canonical decomposition and composition of single characters (Unicode 9.0).
class CanonicalForms {
 public:
  CanonicalForms();

  /// Whether the character has combining class 0, is not always decomposed, and does not combine with a character before it.
  /// A stable character may combine with a character after it.
  bool stable(char32_t c) const { return states_[c] == 0; }

  std::uint8_t combining_class(char32_t c) const;

  /// Appends the full decomposition.
  void decompose(char32_t c, std::u32string& out) const;

  /// The composition of two characters; 0 if there is none.
  char32_t compose(char32_t first, char32_t second) const;

 private:
  struct Step {
    char32_t composed, first, second;  // second is 0 if the decomposition is one character
  };
  struct Pair {
    char32_t first, second, composed;
    friend bool operator<(const Pair& a, const Pair& b) {
      return a.first != b.first ? a.first < b.first : a.second < b.second;
    }
  };

  /// The state of a character of class 0 that may combine with a character before it, or that is always decomposed.
  static constexpr std::uint8_t movable = 255;

  void read_combining_classes();

  void read_decompositions();

  Buffer<std::uint8_t> states_;  // [code points] 0 for a stable character; `movable`; or the combining class
  std::vector<Step> steps_;      // sorted by composed
  std::vector<Pair> pairs_;      // sorted
};

/// Built on first use, in less than a millisecond. Thread-safe.
const CanonicalForms& canonical_forms();

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "canonical_forms.ipp"
#endif
