// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/function_ref.hpp"
#include "../core/token.hpp"
#include "../text/incremental_search.hpp"
#include "../text/tokenizer.hpp"
#include "../text/turn_format.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

enum class TextPart { answer, reasoning };

/// Separates reasoning from answer while the text of an assistant's turn arrives, by the markers of a TurnFormat. Neither part
/// contains markers, white space after a marker, or white space before a marker at the beginning of the turn or at the end of
/// reasoning. Text that may become a marker is held back.
///
/// Reasoning begins at a begin marker, which stands at the end of the prompt or at the beginning of the turn, and ends at an
/// end marker. A begin marker later in the turn, and a marker of an answer within reasoning, count only if they begin with a
/// special token, because a text may contain the same letters. Without markers everything is the answer. Not thread-safe.
class TurnParts {
 public:
  using Emit = FunctionRef<void(TextPart part, std::string_view text)>;

  /// `prompt`: the tokens before the turn, whose end may have begun the reasoning.
  TurnParts(const TurnFormat& format, const Tokenizer& tokenizer, std::span<const TokenId> prompt);

  /// Reads text. `hidden`: the text belongs to a special token, which can be a part of a marker but is not shown.
  void write(std::string_view text, bool hidden, Emit emit);

  /// When no more text comes, emits the text that is held back.
  void finish(Emit emit);

 private:
  enum class Place { begin, reasoning, answer };  // begin: before any text of the turn but white space

  /// Whether this marker counts at the current place.
  bool counts(std::size_t marker) const;

  /// Enters the part that begins behind this marker.
  void pass(std::size_t marker);

  /// Emits the first bytes of the text that is held back.
  void release(std::size_t count, Emit emit);

  /// Adds a byte to the text to emit, or to the white space that may stand beside a marker.
  void show(char byte);

  TextPart part() const { return place_ == Place::reasoning ? TextPart::reasoning : TextPart::answer; }

  static constexpr std::size_t reasoning_begin = 0, reasoning_end = 1;  // other markers begin answers
  static constexpr std::size_t longest_marker = 256;                    // bytes; longer markers are ignored

  IncrementalSearch markers_;
  std::vector<bool> is_special_;  // [markers] the marker begins with a special token
  Place place_ = Place::begin;
  bool after_marker_ = false;  // white space that follows belongs to the marker
  std::string held_;           // may be the beginning of a marker
  std::vector<bool> hidden_;   // [bytes of held_]
  std::string space_, shown_;  // white space that may stand beside a marker; the text to emit
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "parts.ipp"
#endif
