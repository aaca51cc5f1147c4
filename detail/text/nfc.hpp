#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// Part of a text: a stable character and the ones after it that may join or pass it. At the beginning of a
/// text, and after invalid bytes, the stable one may be missing.
struct NfcSegment {
  std::size_t begin, end;
};

/// The first such part from `at` on; empty, at the end of the text, if there is none. `at` is 0 or the end of
/// such a part.
NfcSegment next_segment(std::string_view text, std::size_t at);

/// Sorts every run of combining marks by class, and keeps the order of equals.
void order_marks(std::u32string& text);

/// Joins each character to the last starter before it, where the two have a composition and nothing between
/// them blocks it: neither a starter nor a mark of the same or a higher class.
void compose_all(std::u32string& text);

void append_normalized(std::string& out, std::string_view segment);

/// Whether nfc(text) is certainly the text itself. Cheap; true for nearly all texts that people write.
inline bool is_surely_nfc(std::string_view text) { return next_segment(text, 0).begin == text.size(); }

/// The text in Unicode's normalization form C, as Hugging Face's tokenizers compute it (data of Unicode 9.0).
/// Bytes that are not valid UTF-8 stay as they are. O(n log n).
/// Source: Unicode Standard Annex 15.
std::string nfc(std::string_view text);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "nfc.ipp"
#endif
