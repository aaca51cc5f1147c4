#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace moe::detail {

/// What SentencePiece writes for a space: ▁ (U+2581).
inline constexpr std::string_view metaspace = "\xe2\x96\x81";

/// Appends a text with a space for every ▁ in it.
inline void append_spaced(std::string& out, std::string_view text) {
  for (std::size_t at; (at = text.find(metaspace)) != text.npos; text.remove_prefix(at + metaspace.size())) {
    out += text.substr(0, at);
    out += ' ';
  }
  out += text;
}

}  // namespace moe::detail
