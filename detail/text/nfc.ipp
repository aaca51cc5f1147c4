// SPDX-License-Identifier: MIT
#pragma once
#include "nfc.hpp"
#include "../core/utf8.hpp"
#include "canonical_forms.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// Part of a text: a stable character, and the characters after it that may combine with it or with each other. At the
/// start of a text, and after invalid bytes, the stable character may be missing.
struct NfcSegment {
  std::size_t begin, end;
};

/// The first segment at or after `at`; an empty segment at the end of the text if there is none. `at` must be 0 or the end of a
/// segment.
inline NfcSegment next_segment(std::string_view text, std::size_t at) {
  const CanonicalForms& forms = canonical_forms();
  const auto stable = [&](const Utf8Step& step) { return !step.valid || forms.stable(step.code_point); };
  for (std::size_t begin = at; at < text.size();) {
    const std::size_t ascii = ascii_prefix(text.substr(at));
    if (ascii > 0) {
      begin = at + ascii - 1;
      at += ascii;
      continue;
    }
    Utf8Step step = utf8_step(text.substr(at));
    if (stable(step)) {
      begin = step.valid ? at : at + step.bytes;
      at += step.bytes;
      continue;
    }
    do {
      at += step.bytes;
      if (at == text.size()) break;
      step = utf8_step(text.substr(at));
    } while (!stable(step));
    return {begin, at};
  }
  return {text.size(), text.size()};
}

/// Sorts every run of combining marks by class; marks of one class keep their order.
inline void order_marks(std::u32string& text) {
  const CanonicalForms& forms = canonical_forms();
  const auto lower_class = [&](char32_t a, char32_t b) {
    return forms.combining_class(a) < forms.combining_class(b);
  };
  for (auto first = text.begin(), last = first; first < text.end(); first = last + (last < text.end())) {
    last = std::find_if(first, text.end(), [&](char32_t c) { return forms.combining_class(c) == 0; });
    if (last - first > 1) std::stable_sort(first, last, lower_class);
  }
}

/// Combines each character with the last starter before it if the two have a composition and no character between them is a
/// mark of the same or a higher class. One pass.
inline void compose_all(std::u32string& text) {
  const CanonicalForms& forms = canonical_forms();
  constexpr std::size_t none = std::u32string::npos;
  std::size_t starter = none, kept = 0;
  std::uint8_t last_class = 0;
  for (const char32_t c : text) {
    const std::uint8_t own_class = forms.combining_class(c);
    if (starter != none && (starter + 1 == kept || last_class < own_class)) {
      if (const char32_t composed = forms.compose(text[starter], c); composed != 0) {
        text[starter] = composed;
        continue;
      }
    }
    if (own_class == 0) starter = kept;
    last_class = own_class;
    text[kept++] = c;
  }
  text.resize(kept);
}

inline void append_normalized(std::string& out, std::string_view segment) {
  std::u32string text;
  while (!segment.empty()) {
    const Utf8Step step = utf8_step(segment);
    canonical_forms().decompose(step.code_point, text);
    segment.remove_prefix(step.bytes);
  }
  order_marks(text);
  compose_all(text);
  for (const char32_t c : text) append_utf8(out, c);
}

MOE_INLINE bool is_surely_nfc(std::string_view text) { return next_segment(text, 0).begin == text.size(); }

MOE_INLINE std::string nfc(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t done = 0; done < text.size();) {
    const NfcSegment segment = next_segment(text, done);
    out += text.substr(done, segment.begin - done);
    append_normalized(out, text.substr(segment.begin, segment.end - segment.begin));
    done = segment.end;
  }
  return out;
}

}  // namespace moe::inline MOE_ABI::detail
