// SPDX-License-Identifier: MIT
#pragma once
#include "unicode.hpp"
#include "../core/utf8.hpp"
#include "table_reader.hpp"
#include "unicode_category_tables.hpp"
#include "unicode_tables.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE const Buffer<CharacterClasses>& all_classes() {
  using namespace character;
  static const Buffer<CharacterClasses> table = [] {
    Buffer<CharacterClasses> classes(0x110000);
    const auto add = [&](std::string_view ranges, CharacterClasses added) {
      for_each_in_ranges(ranges, [&](char32_t c) { classes[c] |= added; });
    };
    add(letter_ranges, letter | word);
    add(number_ranges, number | word);
    for_each_in_ranges(other_number_ranges, [&](char32_t c) { classes[c] = number; });
    add(mark_ranges, mark | word);
    add(space_ranges, space);
    add(word_extra_ranges, word);
    add(symbol_ranges, symbol);
    add(upper_ranges, upper);
    add(lower_ranges, lower);
    return classes;
  }();
  return table;
}

MOE_INLINE Character non_ascii_at(std::string_view text, std::size_t at) {
  const Utf8Step step = utf8_step(text.substr(at));
  return step.valid ? Character{all_classes()[step.code_point], step.bytes} : Character{0, 1};
}

MOE_INLINE Character last_character(std::string_view text) {
  for (std::size_t bytes = 1; bytes <= std::min(text.size(), std::size_t{4}); ++bytes) {
    const Utf8Step step = utf8_step(text.substr(text.size() - bytes));
    if (step.valid && step.bytes == bytes) return {classes_of(step.code_point), bytes};
  }
  return {0, std::min(text.size(), std::size_t{1})};
}

}  // namespace moe::inline MOE_ABI::detail
