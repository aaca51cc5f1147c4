// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "../text/streaming_decoder.hpp"
#include "../text/tokenizer.hpp"
#include "parts.hpp"
#include "stop_strings.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Turns generated tokens into the text to show: decodes tokens, separates reasoning from answer, and ends before a stop
/// string. Allocates only while its buffers grow; take() swaps one of these buffers with the string of the caller. Not
/// thread-safe.
class OutputText {
 public:
  /// `tokenizer`: null for a model without a tokenizer, whose tokens give no text; must outlive this object. `parts`:
  /// separates reasoning from answer in a turn of an assistant; empty: all text is the answer.
  OutputText(const Tokenizer* tokenizer, std::optional<TurnParts> parts,
             const std::vector<std::string>& stop_strings);

  /// Reads a token. `may_stop`: whether a stop string can end the text here. Returns whether a stop string has ended the text.
  bool push(TokenId id, bool may_stop);

  /// When no more tokens come, releases the text that is held back. Returns whether a stop string has ended the text.
  bool finish(bool may_stop);

  /// Takes the next text that can be shown; false if there is none. One token can complete several texts; consecutive texts of
  /// one token belong to different parts.
  bool take(std::string& text, TextPart& part);

  /// The stop string that ended the text; empty if there is none.
  const std::string& stop_string() const { return stops_.found(); }

 private:
  struct Shown {
    std::string text;
    TextPart part = TextPart::answer;
  };

  /// Passes decoded text on to the parts, and then to the stop strings.
  void read(std::string_view text, bool hidden);

  void show(TextPart part, std::string_view text);

  /// The string to which text of this part is appended.
  std::string& last(TextPart part);

  const Tokenizer* tokenizer_;
  std::optional<StreamingDecoder> decoder_;
  std::optional<TurnParts> parts_;
  StopStrings stops_;
  std::vector<Shown> shown_;  // the first count_ are in use; the others keep their memory
  std::size_t count_ = 0, taken_ = 0;
  std::string decoded_;
  TextPart part_ = TextPart::answer;  // of the text that was shown last
  bool may_stop_ = true, stopped_ = false;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "output_text.ipp"
#endif
